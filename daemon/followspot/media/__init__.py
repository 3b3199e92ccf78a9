"""Camera and microphone in, segments out. The only home of PyAV."""
