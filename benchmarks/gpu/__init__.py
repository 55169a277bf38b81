"""Models on a GPU: artifacts made where the compiler is, measured where the GPU is, without a network.

    python -m benchmarks.gpu.prepare cases --target cuda-sm_90      on the workstation
    python -m benchmarks.gpu cases -o gpu.json                      on the machine with the GPU

The second needs numpy; torch and onnxruntime are compared with where they are installed.
"""
