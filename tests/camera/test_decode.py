from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgeall.camera.decode import decode_bytes, decode_image
from edgeall.errors import ImageError
from edgeall.samples.paths import fields_folder

FIELD = sorted(fields_folder().glob("*.jpg"))[0]
SMALL = Image.open(FIELD).resize((64, 48))


def encoded(image: Image.Image, kind: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()


def opencv(suffix: str, pixels: np.ndarray) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def huge_png() -> bytes:
    """Return 100 megapixels, of which only the header is real."""
    data = bytearray(encoded(SMALL, "PNG"))
    data[16:24] = (10_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "the file is empty"),
    "no image": (lambda: b"no image at all", "no image that can be read"),
    "a truncated JPEG": (lambda: FIELD.read_bytes()[:9000], "truncated or damaged"),
    "a JPEG without its end": (lambda: FIELD.read_bytes()[:-2], "truncated or damaged"),
    "a JPEG cut in its header": (lambda: FIELD.read_bytes()[:100], "truncated or damaged"),
    "a truncated PNG": (lambda: encoded(SMALL, "PNG")[:2000], "truncated or damaged"),
    "a truncated BMP": (lambda: encoded(SMALL, "BMP")[:2000], "truncated or damaged"),
    "a truncated TIFF": (lambda: encoded(SMALL, "TIFF")[:2000], "truncated or damaged"),
    "a truncated WebP": (lambda: encoded(SMALL, "WEBP", lossless=True)[:900], "truncated"),
    "a 16-bit PNG": (lambda: opencv(".png", np.ones((64, 64, 3), np.uint16)), "16 bits"),
    "a 16-bit gray PNG": (lambda: opencv(".png", np.ones((64, 64), np.uint16)), "16 bits"),
    "a 16-bit TIFF": (lambda: opencv(".tif", np.ones((64, 64, 3), np.uint16)), "16 bits"),
    "a grayscale JPEG": (lambda: encoded(SMALL.convert("L"), "JPEG"), "grayscale"),
    "a CMYK JPEG": (lambda: encoded(SMALL.convert("CMYK"), "JPEG"), "CMYK"),
    "an alpha channel": (lambda: encoded(SMALL.convert("RGBA"), "PNG"), "alpha"),
    "a palette": (lambda: encoded(SMALL.convert("P"), "PNG"), "palette"),
    "1x1": (lambda: encoded(SMALL.resize((1, 1)), "PNG"), "1x1 pixels, too small"),
    "100 megapixels": (huge_png, "64 megapixels"),
    "a GIF": (lambda: encoded(SMALL.convert("P"), "GIF"), "no image that can be read"),
    "two pictures": (
        lambda: encoded(SMALL, "TIFF", save_all=True, append_images=[SMALL]),
        "several pictures",
    ),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD)
def test_a_bad_image_is_refused_in_one_sentence(make, said):
    with pytest.raises(ImageError, match=said) as caught:
        decode_bytes(make(), "a.png")
    assert str(caught.value).startswith("a.png")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_a_good_image_decodes_exactly(kind):
    assert np.array_equal(decode_bytes(encoded(SMALL, kind), "x"), np.asarray(SMALL))


def test_a_jpeg_decodes_as_opencv_has_it():
    expected = cv2.cvtColor(cv2.imread(str(FIELD)), cv2.COLOR_BGR2RGB)
    assert np.array_equal(decode_image(FIELD), expected)


def test_a_progressive_jpeg_with_padding_behind_its_end_is_read():
    data = encoded(SMALL, "JPEG", progressive=True) + bytes(64)
    assert decode_bytes(data, "x").shape == (48, 64, 3)


def test_grayscale_passes_where_it_is_allowed():
    pixels = decode_bytes(encoded(SMALL.convert("L"), "PNG"), "x", grayscale_allowed=True)
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


def test_the_exif_orientation_is_followed():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode_bytes(encoded(SMALL, "JPEG", exif=exif, quality=95), "x")
    assert turned.shape == (64, 48, 3)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_decoded_never_worse(data):
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"BM", b"II*\x00", b"RIFF"):
        with pytest.raises(ImageError):
            decode_bytes(start + data, "x")


@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_damaged_png_is_refused_or_the_same(place, value):
    data = bytearray(encoded(SMALL, "PNG"))
    data[place % len(data)] = value
    try:
        pixels = decode_bytes(bytes(data), "x")
    except ImageError:
        return
    assert np.array_equal(pixels, np.asarray(SMALL))


def test_a_huge_image_is_refused_without_its_memory(tmp_path: Path):
    path = tmp_path / "huge.png"
    path.write_bytes(encoded(Image.new("RGB", (10_000, 10_000)), "PNG", compress_level=1))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from edgeall.camera.decode import decode_image\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: decode_image(Path(sys.argv[1]))\nexcept Exception as error: print(error)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    sentence, megabytes = done.stdout.splitlines()
    assert "10000x10000" in sentence
    assert int(megabytes) < 50


@pytest.mark.parametrize(("name", "said"), [("absent.png", "no such file"), (".", "a folder")])
def test_what_is_no_file_is_said(tmp_path: Path, name, said):
    with pytest.raises(ImageError, match=said):
        decode_image(tmp_path / name)
