"""What holds for every route and every socket: the texts that open the documents and `/docs`.

Their Markdown keeps to headings, paragraphs, lists, `code` and **bold**, which is what the page
reads.
"""

ROUTES = """\
What a client of Hearth can ask of its server, route by route. The sockets stand in \
`/asyncapi.json`. A path with a trailing slash and the same path without it are one route, and \
neither redirects to the other.

## Signing in
Most routes want a session's access token: `Authorization: Bearer <token>`. It lives for minutes; \
a refresh token, which is longer-lived and good for one use, gets the next one. A television and a \
broadcasting program have tokens of their own, which open only their own routes. A route whose \
`security` is `[]` is open to anyone.

## Errors
Whatever goes wrong, the answer has one shape:

- `error.code` is for programs: a client decides by it, never by the words.
- `error.message` is for the person in front of the client, and says what to do.
- `error.details`, where it stands, lists each `field` and its `problem`.
- `error.request_id` comes with a 500, and leads to the line in the server's log.

The older routes (`/api/…`, `/register`, `/token`, `/refresh`, `/logout`, `/users`, `/rooms`) \
repeat the message as `detail`. What does not exist, and what the caller may not know of, are the \
same 404; so is an id of the wrong kind, and a route whose feature is off. Every answer carries \
`X-Request-ID`, yours if you sent one.

## Versions
`Accept: application/vnd.app.v1+json` asks for version 1 by name and is answered as that type; \
`application/json` or nothing gets the same as plain JSON. A version that is not served is a 406 \
that lists those that are. Within a version answers may gain fields: pass over those you do not \
know. What you send is read strictly: a field that is not in the schema is refused, except that \
a `PUT` or `PATCH` may carry back the `readOnly` fields it was given. `GET /features` tells \
which features are on.

## Lists
A list answers `items` and `next`. Send `next` back as `cursor` for the page that follows; null \
means that there is none. `limit` is 50 unless you say otherwise, and 200 at the most.

## Limits
Signing in and sending messages are limited, by person and by address. Such routes say in \
`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` how much is left; beyond it they \
answer 429, and `Retry-After` tells when to come back.

## Sending twice
A `POST` that makes something takes an `Idempotency-Key` of your choice. The same key with the \
same body gives the first answer again for 24 hours and makes nothing new; with another body it is \
refused.

## Values
Ids are opaque: a prefix that tells the kind, and what follows is nobody's business. Moments are \
RFC 3339 in UTC with milliseconds, durations are seconds, money is in cents.
"""

SOCKETS = """\
What a client sends and hears on Hearth's sockets: one JSON object a frame, in text.

## Getting in
The token is checked once, at the handshake, and comes in one of four ways:

- the header `Authorization: Bearer <token>`;
- the query parameter `token`;
- the subprotocols `hearth.v1, bearer.<token>`, of which the server chooses the first;
- a first frame `{"type": "auth", "token": "…"}` within five seconds.

A token that opens nothing is refused with HTTP 401 and the error's body or, after the handshake, \
with close code 4401. To outlive its token, a socket sends a fresh one in an `auth` frame.

## Frames
`type` names the frame. An `id` of your choice on a command comes back as `reply_to` on its answer \
or its error. A frame that is refused gets an `error` with the codes of the REST interface, and \
the socket stays open. Events may gain fields: pass over those you do not know, and events too.

What must not be lost carries `seq`, which rises by one in its conversation. After a reconnect, \
`resume` replays what came since; a `void` stands for what is not for you to see.

## Close codes
{close_codes}
"""
