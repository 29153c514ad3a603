"""Starts the classifier with the model that the local Cloud Run serves: `served_model.py FILE COMMAND…`.

The file holds variables as JSON; where there is none, the image's own model is served. It becomes the command.
"""

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    told = Path(sys.argv[1])
    variables = json.loads(told.read_text()) if told.exists() else {}
    os.execvpe(sys.argv[2], sys.argv[2:], {**os.environ, **variables})
