"""Makes a model of ONNX Runtime GenAI from a Hugging Face checkpoint, with its model builder."""
