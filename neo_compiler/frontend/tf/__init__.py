"""TensorFlow, Keras and TensorFlow Lite models, through tf2onnx in a process of its own."""
