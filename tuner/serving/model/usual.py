"""What `tuner serve` takes where nothing is said; apart, since the command line reads it before it imports a server."""

TOKEN = "TUNER_SERVE_TOKEN"
PORT = 8700
HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
