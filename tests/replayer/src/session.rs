//! One run: the main thread between the library's main loop, the feeder and whoever steers.

use std::io::BufRead;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use recording::PrimarySurface;

use crate::agent::AgentCall;
use crate::feeder::{Ends, Feeder, Manner, Told};
use crate::fills::FillSource;
use crate::film::FilmSource;
use crate::icons::IconSource;
use crate::migration::MigrationCall;
use crate::options::{Options, Scene};
use crate::pixels::Shape;
use crate::random::RandomSource;
use crate::report::{self, Counts, Line};
use crate::rings::Rings;
use crate::scanout::ScanoutCall;
use crate::source::{Call, CommandSource, RecordedSource};
use crate::spice::Host;
use crate::still::StillSource;
use crate::usage::{FeederTime, Start};
use crate::wake::Wake;

/// The size of the primary surface that marks the end for clients.
pub const END_MARKER: (u32, u32) = (64, 16);

/// What the session is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verb {
    Go(u64),
    Measure,
    Finish,
    Report,
    Look(Option<PathBuf>),
    Replay(PathBuf),
    Migrate(MigrationCall),
    Agent(AgentCall),
    Scanout(ScanoutCall),
    VideoCodecs(String),
    Quit,
}

impl Verb {
    fn parse(line: &str) -> Result<Self> {
        // Spaces are a part of the list.
        if let Some(list) = line.strip_prefix("codecs ") {
            return Ok(Self::VideoCodecs(list.to_owned()));
        }
        Ok(match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["go", "all"] => Self::Go(u64::MAX),
            ["go", count] => Self::Go(count.parse().with_context(|| format!("`{count}` is no number"))?),
            ["measure"] => Self::Measure,
            ["finish"] => Self::Finish,
            ["report"] => Self::Report,
            ["look"] => Self::Look(None),
            ["look", folder] => Self::Look(Some(folder.into())),
            ["replay", file] => Self::Replay(file.into()),
            ["migrate", step @ ..] => Self::Migrate(MigrationCall::parse(step)?),
            ["agent", step @ ..] => Self::Agent(AgentCall::parse(step)?),
            ["gl", step @ ..] => Self::Scanout(ScanoutCall::parse(step)?),
            ["quit"] => Self::Quit,
            _ => bail!("`{line}` is no command"),
        })
    }
}

/// Everything of one run.
struct Session {
    host: Host,
    rings: Arc<Rings>,
    wake: Arc<Wake>,
    told: Receiver<Told>,
    verbs: Receiver<Result<Verb>>,
    limits: Sender<u64>,
    answers: Sender<u64>,
    time: Arc<FeederTime>,
    start: Start,
    /// Calls that complete later, made so far; also the last cookie.
    asynchronous_calls: u64,
    /// No further verb is read before this one is done.
    busy: bool,
}

/// Does what the options say, to the end.
///
/// # Errors
/// The library cannot be used, the source is damaged, or the library gets stuck.
pub fn run(options: &Options) -> Result<()> {
    match (&options.recording, options.generate) {
        (Some(path), None) => run_source(options, RecordedSource::open(path)?),
        (None, Some(count)) => match options.seed {
            None => match options.scene {
                Scene::Fills => run_source(options, FillSource::new(count)),
                Scene::Trifles => run_source(options, FillSource::with_copies(count)),
                Scene::Still => run_source(options, StillSource::new(count)),
                Scene::Film => run_source(options, FilmSource::new(count)),
                Scene::Icons => run_source(options, IconSource::new(count)),
            },
            Some(seed) => run_source(options, RandomSource::new(seed, count)?),
        },
        _ => bail!("a recording or a number of commands is needed"),
    }
}

fn run_source(options: &Options, source: impl CommandSource + 'static) -> Result<()> {
    let capacity = if options.ring == 0 { usize::MAX } else { options.ring };
    let displays = (0..options.displays.max(1)).map(|_| Arc::new(Rings::new(capacity, options.preload)));
    let all: Vec<Arc<Rings>> = displays.collect();
    let host = Host::start(&options.library, &options.settings, &all)?;
    let rings = all.first().cloned().context("a device without rings")?;
    let wake = Arc::new(Wake::new()?);
    let time = Arc::new(FeederTime::default());
    let (tell, told) = channel();
    let (limits, limited) = channel();
    let (answers, answered) = channel();
    let ends = Ends {
        rings: all,
        waker: host.waker(),
        told: tell,
        wake: Arc::clone(&wake),
        limits: limited,
        answers: answered,
        time: Arc::clone(&time),
    };
    let manner = Manner { preload: options.preload, pace: options.pace.map(Duration::from_micros) };
    let feeder = Feeder::new(source, manner, ends);
    std::thread::Builder::new().name("feeder".into()).spawn(|| feeder.run())?;
    let verbs = steer(options, Arc::clone(&wake))?;
    let start = Start::now(&time);
    let mut session = Session {
        host,
        rings,
        wake,
        told,
        verbs,
        limits,
        answers,
        time,
        start,
        asynchronous_calls: 0,
        busy: true,
    };
    session.serve(&options.settings.listen.uri())?;
    session.close();
    Ok(())
}

/// The verbs, from the standard input or as the options fix them.
fn steer(options: &Options, wake: Arc<Wake>) -> Result<Receiver<Result<Verb>>> {
    let (send, verbs) = channel();
    let Options { control, linger, until, .. } = *options;
    let read = move || {
        let mut lines = std::io::stdin().lock().lines().map_while(Result::ok);
        let mut tell = |verb: Result<Verb>| {
            // The session is gone only when the process ends.
            let _ = send.send(verb);
            wake.up();
        };
        if control {
            lines.by_ref().filter(|line| !line.is_empty()).map(|line| Verb::parse(&line)).for_each(&mut tell);
        } else {
            tell(Ok(Verb::Go(until.unwrap_or(u64::MAX))));
            tell(Ok(Verb::Report));
            if linger {
                lines.next();
            }
            tell(Ok(Verb::Finish));
        }
        tell(Ok(Verb::Quit));
    };
    std::thread::Builder::new().name("control".into()).spawn(read)?;
    Ok(verbs)
}

impl Session {
    fn serve(&mut self, uri: &str) -> Result<()> {
        loop {
            while let Ok(told) = self.told.try_recv() {
                self.hear(told, uri)?;
            }
            while !self.busy {
                match self.verbs.try_recv() {
                    Ok(verb) => {
                        if !self.obey(verb?)? {
                            return Ok(());
                        }
                    }
                    Err(_) => break,
                }
            }
            self.host.iterate(self.wake.as_fd())?;
            self.host.offer();
            self.wake.clear();
        }
    }

    fn hear(&mut self, told: Told, uri: &str) -> Result<()> {
        match told {
            Told::Loaded(commands) => {
                self.busy = false;
                report::print(&Line::Ready { uri, commands });
            }
            Told::Call(call) => {
                self.call(call);
                self.answers.send(self.asynchronous_calls).context("the feeder is gone")?;
            }
            Told::Reached { commands, end } => {
                self.busy = false;
                let released = self.rings.counts().released;
                report::print(&Line::Reached { commands, released, end });
            }
            Told::Failed(error) => return Err(error),
        }
        Ok(())
    }

    /// Does what a verb says; false at the end.
    fn obey(&mut self, verb: Verb) -> Result<bool> {
        match verb {
            Verb::Go(limit) => {
                self.busy = true;
                self.limits.send(limit).context("the feeder is gone")?;
            }
            Verb::Measure => {
                self.start = Start::now(&self.time);
                report::print(&Line::Measuring);
            }
            Verb::Finish => self.finish(),
            Verb::Report => {
                let usage = self.start.usage(&self.time);
                report::print(&Line::Cost { counts: self.counts(), usage });
            }
            Verb::Look(folder) => self.look(folder.as_deref())?,
            Verb::Replay(file) => {
                let commands = self.host.replay(&file, &self.rings)?;
                let released = self.rings.counts().released;
                report::print(&Line::Reached { commands, released, end: true });
            }
            Verb::Migrate(call) => {
                let result = self.host.migrate(&call);
                report::print(&Line::Migration { result });
            }
            Verb::Agent(call) => {
                self.host.agent(&call);
                report::print(&Line::Done);
            }
            Verb::Scanout(call) => {
                self.host.scanout(&call)?;
                // A draw's answer is that it is done, which may be long before this or after.
                if !matches!(call, ScanoutCall::Draw(_)) {
                    report::print(&Line::Done);
                }
            }
            Verb::VideoCodecs(list) => {
                let (result, list) = &self.host.set_video_codecs(&list)?;
                report::print(&Line::VideoCodecs { result: *result, list });
            }
            Verb::Quit => return Ok(false),
        }
        Ok(true)
    }

    /// Prints what each surface shows after the commands so far, and writes its pixels to the folder, if any.
    fn look(&mut self, folder: Option<&Path>) -> Result<()> {
        let mut seen = Vec::new();
        if let Some(primary) = self.host.primary() {
            self.host.update(0, primary.shape);
            seen.extend(self.host.primary());
        }
        for (surface, shape) in self.rings.surfaces() {
            self.host.update(surface, shape);
            seen.extend(self.rings.pixels(surface));
        }
        for pixels in seen {
            if let Some(folder) = folder {
                pixels.write(folder)?;
            }
            let Shape { format, width, height, .. } = pixels.shape;
            let md5 = &pixels.digest()?;
            report::print(&Line::Surface { surface: pixels.surface, format, width, height, md5 });
        }
        report::print(&Line::Done);
        Ok(())
    }

    fn counts(&self) -> Counts {
        Counts { asynchronous_calls: self.asynchronous_calls, ..self.rings.counts() }
    }

    fn cookie(&mut self, asynchronous: bool) -> Option<u64> {
        asynchronous.then(|| {
            self.asynchronous_calls += 1;
            self.asynchronous_calls
        })
    }

    fn call(&mut self, call: Call) {
        match call {
            Call::CreatePrimary { surface, asynchronous } => {
                let cookie = self.cookie(asynchronous);
                self.host.create_primary(&surface, cookie);
            }
            Call::DestroyPrimary { asynchronous } => {
                let cookie = self.cookie(asynchronous);
                if !self.host.destroy_primary(cookie) && asynchronous {
                    self.asynchronous_calls -= 1;
                }
            }
            Call::DestroySurfaces => self.host.destroy_surfaces(),
            Call::ResetCursor => self.host.reset_cursor(),
            Call::ResetImageCache => self.host.reset_image_cache(),
        }
    }

    fn finish(&mut self) {
        let (width, height) = END_MARKER;
        let marker = PrimarySurface::black(width, height);
        self.host.destroy_primary(None);
        self.host.create_primary(&marker, None);
        self.host.destroy_primary(None);
        report::print(&Line::Finished { counts: self.counts() });
    }

    fn close(self) {
        let Self { host, rings, asynchronous_calls, .. } = self;
        host.close();
        let counts = Counts { asynchronous_calls, ..rings.counts() };
        report::print(&Line::Closed { counts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_words() {
        assert_eq!(Verb::parse("go 12").unwrap(), Verb::Go(12));
        assert_eq!(Verb::parse("go all").unwrap(), Verb::Go(u64::MAX));
        assert_eq!(Verb::parse(" finish ").unwrap(), Verb::Finish);
        assert_eq!(Verb::parse("look").unwrap(), Verb::Look(None));
        for wrong in ["", "go", "go x", "go 1 2", "stop"] {
            assert!(Verb::parse(wrong).is_err(), "{wrong}");
        }
    }
}
