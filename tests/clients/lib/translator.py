"""A LibreTranslate that knows one word, for the server that is configured with TRANSLATOR_PORT."""

import http.server
import json
import os
import threading


class Translator(http.server.BaseHTTPRequestHandler):
    """A LibreTranslate that knows one word."""

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer([{"code": "en", "name": "English", "targets": ["zh"]}, {"code": "zh", "name": "Chinese", "targets": ["en"]}])

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = asked["q"]
        many = isinstance(texts, list)
        said = [text.replace("read", "读") for text in (texts if many else [texts])]
        found = {"language": "en", "confidence": 90}
        self.answer({"translatedText": said if many else said[0],
                     "detectedLanguage": [found] * len(said) if many else found})

    def log_message(self, *_):
        pass


def start():
    """Starts it; what is returned ends it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["TRANSLATOR_PORT"])), Translator)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop():
        server.shutdown()
        server.server_close()

    return stop
