"""Asks a web server for pages over one connection, as far as it keeps one: web-client.py PORT PATH...

Prints of each page its status, its server, its title and its headings.
"""

import http.client
import re
import sys


def main():
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    for path in sys.argv[2:]:
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode("utf-8")
        words = re.findall(r"<(?:title|h\d)>(.*?)</", text)
        print(response.status, response.headers["Server"], *words, sep=", ", flush=True)
    connection.close()


main()
