"""The schemas of the query service's requests and answers: one JSON file each, for clients in any language.

`<endpoint>.request.json` is what `query.<endpoint>` takes, `<endpoint>.response.json` one line of its answer.
"""
