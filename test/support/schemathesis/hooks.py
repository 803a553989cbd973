"""What schemathesis cannot know by itself: SDP goes out as the text it is."""
import schemathesis


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def sdp(_context, value):
    return str(value).encode()
