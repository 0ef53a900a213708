//! `probe ADDRESS`: a headless SPICE client for the command line.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use probe::{Address, Client, Options, ProbeError, View};
use serde_json::json;
use wire::channel::ChannelType;
use wire::display::ImageCompression;

/// How long an event is waited for when nothing says how long.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How long silence is waited for: a text console's cursor blinks for ever.
const LONGEST_NOISE: Duration = Duration::from_secs(10);

/// A headless SPICE client: links, draws, types, takes a picture, and prints what came in.
///
/// An address is HOST:PORT, a PORT of this machine, unix:PATH or an absolute path.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the server is.
    address: Address,
    /// The ticket.
    #[arg(long, default_value = "", env = "SPICE_PASSWORD", hide_env_values = true)]
    password: String,
    /// Ends after so many seconds. Without it, and without --until, the end is when the displays have been silent
    /// for --quiet, or after 10 seconds.
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// Ends when this happens.
    #[arg(long, value_enum)]
    until: Option<Event>,
    /// How long the displays have to be silent, in seconds.
    #[arg(long, value_name = "N", default_value_t = 0.5)]
    quiet: f64,
    /// Types a text on a US keyboard, before the picture is taken.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Presses and releases keys by their codes of AT set 1, in hexadecimal; 11d is e0 1d.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', value_parser = scancode)]
    keys: Vec<u32>,
    /// Puts the pointer to a place of the first display (client mouse mode).
    #[arg(long, value_name = "X,Y", value_parser = place)]
    pointer: Option<(u32, u32)>,
    /// Writes the display as it is at the end.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Which display.
    #[arg(long, value_name = "N", default_value_t = 0)]
    display: u8,
    /// The compression to ask the server for.
    #[arg(long, value_enum, default_value_t = Compression::Lz)]
    compression: Compression,
    /// Uses headers of 18 bytes, as clients did before 2012.
    #[arg(long)]
    full_headers: bool,
    /// Decodes nothing and only counts.
    #[arg(long, conflicts_with_all = ["png", "text", "keys", "pointer"])]
    null: bool,
    /// Never reads channels of this type after the link.
    #[arg(long, value_name = "CHANNEL", value_parser = channel)]
    freeze: Vec<ChannelType>,
    /// Reads displays with so many bytes a second.
    #[arg(long, value_name = "BYTES")]
    slow: Option<u32>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Fails when something was wrong with a message.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Event {
    /// A primary surface begins.
    CreatePrimary,
    /// The primary surface ends.
    DestroyPrimary,
    /// The server says that the primary surface can be shown.
    Mark,
    /// The server closes the connection.
    Close,
}

#[derive(Clone, Copy, ValueEnum)]
enum Compression {
    /// Leave it to the server.
    Server,
    Off,
    AutoGlz,
    AutoLz,
    Quic,
    Glz,
    Lz,
    Lz4,
}

impl Compression {
    fn preferred(self) -> Option<ImageCompression> {
        Some(match self {
            Self::Server => return None,
            Self::Off => ImageCompression::OFF,
            Self::AutoGlz => ImageCompression::AUTO_GLZ,
            Self::AutoLz => ImageCompression::AUTO_LZ,
            Self::Quic => ImageCompression::QUIC,
            Self::Glz => ImageCompression::GLZ,
            Self::Lz => ImageCompression::LZ,
            Self::Lz4 => ImageCompression::LZ4,
        })
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let start = Instant::now();
    let client = Client::connect(&arguments.address, &options(&arguments))?;
    let end = act(&client, &arguments);
    report(&client, &arguments, start.elapsed());
    if let Some(path) = &arguments.png {
        let picture = client.screenshot(arguments.display)?;
        picture.write_png(path)?;
        eprintln!("wrote {}x{} pixels to {}", picture.width, picture.height, path.display());
    }
    // Numbers and picture are of use even when the wait failed.
    end?;
    let faults = client.look(|view| view.fault_count);
    if arguments.strict && faults > 0 {
        bail!("something was wrong with {faults} messages");
    }
    Ok(())
}

fn options(arguments: &Arguments) -> Options {
    Options {
        password: arguments.password.clone(),
        mini_header: !arguments.full_headers,
        compression: arguments.compression.preferred(),
        null: arguments.null,
        display_rate: arguments.slow,
        frozen: arguments.freeze.clone(),
        ..Options::default()
    }
}

/// Types and moves as asked for, and waits for the end.
fn act(client: &Client, arguments: &Arguments) -> Result<(), ProbeError> {
    let quiet = Duration::from_secs_f64(arguments.quiet);
    let patience = arguments.seconds.map_or(PATIENCE, Duration::from_secs_f64);
    if let Some(text) = &arguments.text {
        client.type_text(text)?;
    }
    for code in &arguments.keys {
        client.type_key(*code)?;
    }
    if let Some((x, y)) = arguments.pointer {
        client.move_pointer_to(arguments.display, x, y)?;
    }
    let display = arguments.display;
    let primaries = move |view: &View| {
        view.display(display).map_or((0, 0), |screen| (screen.primaries_created, screen.primaries_destroyed))
    };
    let waited = match arguments.until {
        Some(Event::CreatePrimary) => {
            client.wait("a primary surface", patience, |view| primaries(view).0 > 0)
        }
        Some(Event::DestroyPrimary) => {
            client.wait("the end of the primary surface", patience, |view| primaries(view).1 > 0)
        }
        Some(Event::Mark) => {
            client.wait("a mark", patience, |view| view.display(display).is_some_and(|screen| screen.marked))
        }
        Some(Event::Close) => client.wait("the end of the session", patience, |view| !view.closed.is_empty()),
        None if arguments.seconds.is_some() => client.wait("the end", patience, |_| false),
        None => client.settle(quiet, LONGEST_NOISE),
    };
    let is_timed = arguments.seconds.is_some() || arguments.until.is_none();
    match waited {
        Err(ProbeError::Timeout { .. }) if is_timed => Ok(()),
        other => other,
    }
}

fn report(client: &Client, arguments: &Arguments, elapsed: Duration) {
    let statistics = client.statistics();
    let (faults, fault_count, closed) =
        client.look(|view| (view.faults.clone(), view.fault_count, view.closed.clone()));
    if arguments.json {
        let channels: Vec<_> =
            statistics.iter().map(|(channel, numbers)| numbers.to_json(*channel)).collect();
        let seconds = elapsed.as_secs_f64();
        println!("{}", json!({ "seconds": seconds, "faults": fault_count, "channels": channels }));
    } else {
        for (channel, numbers) in &statistics {
            print!("{}", numbers.report(*channel));
        }
        println!("{:.3} seconds, {fault_count} faults", elapsed.as_secs_f64());
    }
    for fault in faults {
        eprintln!("fault: {fault}");
    }
    for (channel, reason) in closed {
        eprintln!("closed: {channel}: {reason}");
    }
}

fn scancode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text.trim_start_matches("0x"), 16).map_err(|error| error.to_string())
}

fn place(text: &str) -> Result<(u32, u32), String> {
    let (x, y) = text.split_once(',').context("not of the form X,Y").map_err(|error| error.to_string())?;
    let number = |text: &str| text.parse().map_err(|_| format!("\"{text}\" is no number"));
    Ok((number(x)?, number(y)?))
}

fn channel(text: &str) -> Result<ChannelType, String> {
    match text {
        "main" => Ok(ChannelType::MAIN),
        "display" => Ok(ChannelType::DISPLAY),
        "cursor" => Ok(ChannelType::CURSOR),
        "inputs" => Ok(ChannelType::INPUTS),
        other => Err(format!("\"{other}\" is none of main, display, cursor, inputs")),
    }
}
