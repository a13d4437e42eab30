"""Whether clients of the last release can live with the documents of today.

Each breaking change is one line that says where and what, `POST /notes body.stars: now required`.
The line is its own key: a changelog that holds it has told the clients.
"""
