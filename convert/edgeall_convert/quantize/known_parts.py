"""The parts of a Keras configuration that only compute: all others may run code.

An allow-list, because what Keras can be made to call on loading was never
known completely (CVE-2025-1550, -8747, -9905, -9906). What is Keras' own and
left out here on purpose: ``Lambda``, ``TorchModuleWrapper``, ``JaxLayer`` and
``FlaxLayer`` hold code, ``TFSMLayer`` loads another model, the RNN cell
wrappers (``ResidualWrapper`` and its like) unpack bytecode, ``ClassMethod``
and ``InstanceMethod`` call what the file names.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROOTS = frozenset({"keras", "tf_keras", "tensorflow"})
"""Packages whose modules may be named."""

OPERATIONS = re.compile(r"keras\.src\.ops\.(numpy|nn|math|core|image|linalg|einops)")
"""Modules of Keras 3 in which every class is one operation on tensors."""

LITERALS = _words(
    "__tensor__ __keras_tensor__ __numpy__ __bytes__ __ellipsis__ __slice__ __tuple__ "
    "TensorShape slice tuple list dict set"
)
"""Plain values that Keras writes like objects."""

VOCABULARIES = frozenset({"StringLookup", "IntegerLookup", "TextVectorization"})
"""Layers that read a file where their vocabulary is a path instead of a list."""

FUNCTIONS = _words(
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh "
    "leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink "
    "softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh "
    "tanh_shrink threshold"
)
"""Activations."""

_DIMENSIONS = re.compile(
    r"(Conv|Convolution|SeparableConv|SeparableConvolution|DepthwiseConv|ConvLSTM|LocallyConnected"
    r"|AveragePooling|AvgPool|MaxPooling|MaxPool|GlobalAveragePooling|GlobalAvgPool"
    r"|GlobalMaxPooling|GlobalMaxPool|AdaptiveAveragePooling|AdaptiveMaxPooling|Cropping"
    r"|UpSampling|ZeroPadding|SpatialDropout)[123]D"
    r"|(Conv|Convolution)[123]DTranspose"
    r"|(BatchNormalization|LSTM|GRU|LSTMCell|GRUCell)(V[12])?"
    r"|Random[A-Z][A-Za-z]+"
)

_MODELS = "Functional Model Sequential Network Layer"

_LAYERS = (
    "Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix "
    "AutoContrast Average Bidirectional CategoryEncoding CenterCrop Concatenate "
    "ContrastLimitedAdaptiveHistogramEqualization CutMix Dense Discretization Dot Dropout ELU "
    "EinsumDense Embedding Equalization Flatten GaussianDropout GaussianNoise "
    "GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity Input InputLayer "
    "InputSpec LayerNormalization LayerScale LeakyReLU Masking MaxNumBoundingBoxes Maximum "
    "MelSpectrogram Minimum MixUp MultiHeadAttention Multiply Normalization PReLU Permute "
    "Pipeline RMSNormalization RNN RandAugment ReLU RepeatVector Rescaling Reshape Resizing "
    "ReversibleEmbedding STFTSpectrogram SimpleRNN SimpleRNNCell Softmax Solarization "
    "SpectralNormalization StackedRNNCells Subtract SyncBatchNormalization ThresholdedReLU "
    "TimeDistributed UnitNormalization CuDNNGRU CuDNNLSTM SeedGenerator DTypePolicy "
    "DTypePolicyMap FloatDTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy "
    "Int4DTypePolicy GPTQDTypePolicy AWQDTypePolicy Policy PolicyV1 AbsMaxQuantizer"
)

_INITIALIZERS = (
    "Constant GlorotNormal GlorotUniform HeNormal HeUniform IdentityInitializer LecunNormal "
    "LecunUniform Ones Orthogonal OrthogonalInitializer STFT STFTInitializer TruncatedNormal "
    "VarianceScaling Zeros L1 L2 L1L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg UnitNorm "
    "RadialConstraint"
)

_TRAINING = (
    "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam "
    "RMSprop SGD BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy "
    "CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge Circle "
    "CosineSimilarity Dice Hinge Huber KLDivergence LogCosh MeanAbsoluteError "
    "MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson "
    "SparseCategoricalCrossentropy SquaredHinge Tversky AUC Accuracy BinaryAccuracy BinaryIoU "
    "CategoricalAccuracy ConcordanceCorrelation F1Score FBetaScore FalseNegatives "
    "FalsePositives IoU LogCoshError Mean MeanIoU MeanMetricWrapper MeanRelativeError OneHotIoU "
    "OneHotMeanIoU PearsonCorrelation Precision PrecisionAtRecall R2Score Recall RecallAtPrecision "
    "RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy "
    "SparseTopKCategoricalAccuracy SpecificityAtSensitivity Sum TopKCategoricalAccuracy "
    "TrueNegatives TruePositives ExponentialDecay CosineDecay CosineDecayRestarts "
    "InverseTimeDecay PiecewiseConstantDecay PolynomialDecay"
)
"""Of a compiled network inside another: Keras loads these even where nobody trains."""

_CLASSES = VOCABULARIES | _words(" ".join((_MODELS, _LAYERS, _INITIALIZERS, _TRAINING)))

GRAPH_FUNCTIONS = re.compile(
    r"(math|nn|image|linalg|__operators__|compat\.v1\.(nn|image)|keras\.activations)\.\w+(\.\w+)?"
    r"|cast|reshape|concat|stack|unstack|split|squeeze|expand_dims|transpose|identity|shape|pad"
    r"|tile|reduce_\w+|add|subtract|multiply|divide|ones_like|zeros_like|clip_by_value|reverse"
    r"|convert_to_tensor|broadcast_to|one_hot|gather|strided_slice|where|maximum|minimum|abs"
    r"|sqrt|square|exp|sigmoid|tanh|argmax|slice|rank|size|fill|ones|zeros|constant"
    r"|keras\.backend\.(relu|sigmoid|softmax|mean|sum|cast|concatenate|reshape|expand_dims|flatten)"
    r"|compat\.v1\.(transpose|shape|expand_dims|squeeze|reduce_\w+|concat|pad)|_operators\.\w+"
)
"""Functions of TensorFlow that tf_keras' ``TFOpLambda`` may call."""

GRAPH_OPERATIONS = _words(
    "Abs Add AddN AddV2 ArgMax AvgPool BatchMatMulV2 BiasAdd Cast ConcatV2 Conv2D DepthToSpace "
    "DepthwiseConv2dNative Div DivNoNan Elu Exp ExpandDims FloorDiv FloorMod GatherV2 Identity "
    "LeakyRelu Log MatMul Max MaxPool Maximum Mean Min Minimum MirrorPad Mul Neg Pack Pad PadV2 "
    "Pow Prod RealDiv Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor ReverseV2 Rsqrt "
    "Selu Shape Sigmoid Slice Softmax Softplus Softsign SpaceToDepth Split SplitV Sqrt Square "
    "SquaredDifference Squeeze StridedSlice Sub Sum Tanh Tile Transpose Unpack"
)
"""Operations that a ``TensorFlowOpLayer`` of TensorFlow 2.0 to 2.3 may hold."""


def is_known_class(name: str) -> bool:
    """Tell whether a class is Keras' own and only computes."""
    return name in _CLASSES or _DIMENSIONS.fullmatch(name) is not None
