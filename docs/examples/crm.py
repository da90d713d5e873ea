"""A small CRM to try lists from an API with: `python3 docs/examples/crm.py [PORT]`. See docs/list-api.md.

It gives 250 made-up contacts out, a hundred at most on a page, to who has the token `let-me-in`.
"""
# ruff: noqa: INP001 - a script beside the documents, no package

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CONTACTS = [
    {"id": n, "contact": {"name": {"first": f"Person {n}"}, "phones": [f"(301) 555-{n:04d}"]}, "plan": "gold"}
    for n in range(1, 251)
]
CONTACTS[7]["contact"] = {"name": {"first": "Nobody to call"}, "phones": []}


class Crm(BaseHTTPRequestHandler):
    """Answers GET /contacts?page=1&per_page=100."""

    def do_GET(self) -> None:
        """One page."""
        if self.headers.get("Authorization") != "Bearer let-me-in":
            self.answer(401, {"error": "no such token"})
            return
        query = parse_qs(urlsplit(self.path).query)
        page, size = int(query.get("page", ["1"])[0]), min(int(query.get("per_page", ["100"])[0]), 100)
        self.answer(200, {"total": len(CONTACTS), "data": {"items": CONTACTS[size * (page - 1) : size * page]}})

    def answer(self, status: int, body: object) -> None:
        """Send JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8085), Crm).serve_forever()
