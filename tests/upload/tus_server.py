"""A tus server of somebody else's, as a program: `tus_server.py PORT FOLDER`."""

import logging
import sys

import uvicorn
from fastapi import FastAPI
from tuspyserver import create_tus_router

port, folder = int(sys.argv[1]), sys.argv[2]
logging.disable(logging.ERROR)
app = FastAPI()
app.include_router(create_tus_router(prefix="files", files_dir=folder))
uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical")
