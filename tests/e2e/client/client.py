#!/usr/bin/python3
"""A stock SPICE client without a window, under remote control.

Commands arrive on standard input and events leave on standard output, one JSON object a line. Commands:
  {"do": "connect", "unix-path": PATH or null, "port": NUMBER or null, "password": TEXT or null,
   "displays": NUMBER, "image-cache": PIXELS or null}
  {"do": "picture", "file": PATH, "display": NUMBER}     answered by {"event": "picture"}
  {"do": "state"}                                        answered by {"event": "state", ...}
  {"do": "pointer", "file": PATH}                        answered by {"event": "pointer", "shown": BOOL, "width": W,
                                                         "height": H, "hot-x": X, "hot-y": Y, "x": X, "y": Y}; its pixels
                                                         are in the file: red, green, blue and alpha
  {"do": "mouse-mode", "mode": "server" or "client"}     asks the server for it
  {"do": "arrange", "sizes": [[W, H], ...]}              asks the guest for screens of these sizes, side by side
  {"do": "key", "code": SCANCODE, "down": BOOL}
  {"do": "drawn"}                                        answers a draw of graphics memory
  {"do": "position", "x": X, "y": Y}   {"do": "motion", "dx": X, "dy": Y}   {"do": "button", "button": N, "down": BOOL}
Events that come by themselves: "channel" (name, state), "ready" (display and inputs can be used), "primary" (width,
height), "mouse-mode", "failed"; for graphics memory "scanout" (width, height, stride, format, from-top, and the first pixels as
hexadecimal digits) and "draw" (x, y, width, height). The program ends when its input does.
"""

import ctypes
import json
import os

import gi

gi.require_version("SpiceClientGLib", "2.0")
from gi.repository import GLib, GObject, SpiceClientGLib as Spice  # noqa: E402

MOUSE_MODES = {1: "server", 2: "client"}
BUTTON_MASKS = {1: 1, 2: 2, 3: 4}
MOST_SCREENS = 4


def listen(instance, signal, handler):
    """Session and Channel have a connect() of their own, which hides GObject's."""
    return GObject.GObject.connect(instance, signal, handler)


def tell(event, **details):
    print(json.dumps({"event": event, **details}), flush=True)


class Pointer:
    """The pointer's shape and place as the server tells them."""

    def __init__(self):
        self.state = {"shown": False, "width": 0, "height": 0, "hot-x": 0, "hot-y": 0, "x": 0, "y": 0}
        self.pixels = b""

    def follow(self, channel):
        listen(channel, "cursor-set", self.on_set)
        listen(channel, "cursor-move", self.on_move)
        listen(channel, "cursor-hide", lambda channel: self.state.update(shown=False))
        listen(channel, "cursor-reset", lambda channel: self.state.update(shown=False, width=0, height=0))

    def on_set(self, channel, width, height, hot_x, hot_y, pixels):
        self.pixels = ctypes.string_at(pixels, width * height * 4) if pixels else b""
        self.state.update({"shown": True, "width": width, "height": height, "hot-x": hot_x, "hot-y": hot_y})

    def on_move(self, channel, x, y):
        # It also shows a shape that was hidden.
        self.state.update(x=x, y=y, shown=self.state["width"] > 0)


class Client:
    def __init__(self):
        self.session = Spice.Session()
        self.session.props.enable_audio = False
        self.main = self.display = self.inputs = None
        self.displays = 1
        self.primaries = {}
        self.pointer = Pointer()
        self.open = set()
        self.buttons = 0
        self.told_ready = False
        listen(self.session, "channel-new", self.on_channel)
        listen(self.session, "disconnected", lambda session: tell("disconnected"))

    # What the server does

    def on_channel(self, session, channel):
        name = Spice.Channel.type_to_string(channel.props.channel_type)
        listen(channel, "channel-event", lambda channel, event: self.on_channel_event(name, event))
        if isinstance(channel, Spice.MainChannel):
            self.main = channel
            listen(channel, "notify::mouse-mode", lambda channel, _: tell("mouse-mode", mode=self.mouse_mode()))
        elif isinstance(channel, Spice.DisplayChannel):
            if channel.props.channel_id >= self.displays:
                return
            listen(channel, "display-primary-create", self.on_primary)
            listen(channel, "display-primary-destroy", self.on_no_primary)
            if channel.props.channel_id != 0:
                Spice.Channel.connect(channel)
                return
            listen(channel, "notify::gl-scanout", self.on_scanout)
            listen(channel, "gl-draw", lambda channel, x, y, w, h: tell("draw", x=x, y=y, width=w, height=h))
            self.display = channel
            Spice.Channel.connect(channel)
        elif isinstance(channel, Spice.InputsChannel):
            self.inputs = channel
            Spice.Channel.connect(channel)
        elif isinstance(channel, Spice.CursorChannel):
            self.pointer.follow(channel)
            Spice.Channel.connect(channel)

    def on_channel_event(self, name, event):
        tell("channel", name=name, state=event.value_nick)
        if event.value_nick == "opened":
            self.open.add(name)
        else:
            self.open.discard(name)
        self.tell_when_ready()

    def on_primary(self, channel, pixel_format, width, height, stride, shared_memory, pixels):
        display = channel.props.channel_id
        self.primaries[display] = (pixel_format, width, height, stride, pixels)
        if display == 0:
            tell("primary", width=width, height=height, format=pixel_format)
        self.tell_when_ready()

    def on_no_primary(self, channel):
        display = channel.props.channel_id
        self.primaries.pop(display, None)
        if display == 0:
            tell("no-primary")

    def on_scanout(self, channel, _):
        scanout = channel.get_gl_scanout()
        if scanout is None:
            tell("no-scanout")
            return
        shape = {"width": scanout.width, "height": scanout.height, "stride": scanout.stride, "format": scanout.format}
        pixels = os.pread(scanout.fd, 16, 0).hex()
        tell("scanout", **shape, **{"from-top": bool(scanout.y0top), "pixels": pixels})

    def tell_when_ready(self):
        if not self.told_ready and len(self.primaries) == self.displays and {"main", "display", "inputs"} <= self.open:
            self.told_ready = True
            tell("ready")

    # What we are told to do

    def on_command(self, line):
        command = json.loads(line)
        getattr(self, "do_" + command.pop("do").replace("-", "_"))(**{name.replace("-", "_"): value for name, value in command.items()})

    def do_connect(self, unix_path, port, password, displays, image_cache):
        self.displays = displays
        if image_cache is not None:
            self.session.props.cache_size = image_cache * 4
        if unix_path:
            self.session.props.unix_path = unix_path
        else:
            self.session.props.host, self.session.props.port = "127.0.0.1", str(port)
        if password is not None:
            self.session.props.password = password
        if not Spice.Session.connect(self.session):
            tell("failed", reason="no connection")

    def do_picture(self, file, display):
        if display not in self.primaries:
            write_ppm(file, 1, 1, bytes(3))
        else:
            pixel_format, width, height, stride, pixels = self.primaries[display]
            write_ppm(file, width, height, to_rgb(pixel_format, width, height, stride, pixels))
        tell("picture")

    def do_state(self):
        width, height = self.primaries[0][1:3] if 0 in self.primaries else (0, 0)
        lights = self.inputs.props.key_modifiers if self.inputs else 0
        agent = bool(self.main and self.main.props.agent_connected)
        capabilities = self.main.get_property("agent-caps-0") if self.main else 0
        more = {"mouse-mode": self.mouse_mode(), "agent-capabilities": capabilities}
        tell("state", width=width, height=height, lights=lights, agent=agent, **more)

    def do_pointer(self, file):
        with open(file, "wb") as output:
            output.write(self.pointer.pixels)
        tell("pointer", **self.pointer.state)

    def do_mouse_mode(self, mode):
        self.main.request_mouse_mode(next(number for number, name in MOUSE_MODES.items() if name == mode))

    def do_arrange(self, sizes):
        x = 0
        for number in range(MOST_SCREENS):
            width, height = sizes[number] if number < len(sizes) else (0, 0)
            self.main.update_display_enabled(number, number < len(sizes), False)
            self.main.update_display(number, x, 0, width, height, False)
            x += width
        self.main.send_monitor_config()

    def do_key(self, code, down):
        (self.inputs.key_press if down else self.inputs.key_release)(code)

    def do_drawn(self):
        self.display.gl_draw_done()

    def do_position(self, x, y):
        self.inputs.position(x, y, 0, self.buttons)

    def do_motion(self, dx, dy):
        self.inputs.motion(dx, dy, self.buttons)

    def do_button(self, button, down):
        if down:
            self.buttons |= BUTTON_MASKS[button]
            self.inputs.button_press(button, self.buttons)
        else:
            self.buttons &= ~BUTTON_MASKS[button]
            self.inputs.button_release(button, self.buttons)

    def mouse_mode(self):
        return MOUSE_MODES.get(self.main.props.mouse_mode if self.main else 0, "none")


def to_rgb(pixel_format, width, height, stride, pixels):
    """The primary surface without its padding, three bytes a pixel."""
    if pixel_format not in (32, 96):
        raise ValueError(f"surface format {pixel_format} is not one that the tests use")
    raw = ctypes.string_at(pixels, stride * height)
    if stride != width * 4:
        raw = b"".join(raw[row * stride:row * stride + width * 4] for row in range(height))
    rgb = bytearray(width * height * 3)
    rgb[0::3], rgb[1::3], rgb[2::3] = raw[2::4], raw[1::4], raw[0::4]
    return rgb


def write_ppm(file, width, height, rgb):
    with open(file, "wb") as output:
        output.write(b"P6\n%d %d\n255\n" % (width, height))
        output.write(rgb)


def main():
    loop = GLib.MainLoop()
    client = Client()

    pending = b""

    def on_input(channel, condition):
        nonlocal pending
        received = os.read(0, 65536)
        if not received:
            loop.quit()
            return False
        *lines, pending = (pending + received).split(b"\n")
        for line in lines:
            try:
                client.on_command(line)
            except Exception as error:
                tell("failed", reason=repr(error), command=line.decode())
        return True

    GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_input)
    loop.run()
    client.session.disconnect()


if __name__ == "__main__":
    main()
