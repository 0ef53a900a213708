//! Recording what displays do: the sink that all displays of a server share.
//!
//! The host asks for a recording when it makes the server. A display's thread then hands over each command and
//! each call as an [`Entry`]; numbered and dated, it goes to a thread of the recorder, which writes to a file or
//! to a [filter](self::filter). Nothing here may disturb a guest: an error ends the recording with one line in
//! the log, and so does a disk or a filter that takes nothing for [`PATIENCE`].
//!
//! The format is that of docs/formats/recording.md.

mod filter;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use recording::{Entry, HEADER};

use crate::fault::HostError;
use crate::thread::spawn_masked;

/// Bytes that wait to be written. One event may have more.
const CAPACITY: usize = 1 << 20;
/// How long a display waits for the sink to take something, and the end of a recording for the last of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A recording that is being made. Dropping it ends it; then the file is complete.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    begin: Instant,
    patience: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Events so far.
    events: u64,
    /// Nothing more comes.
    closed: bool,
    /// Nothing more is written.
    broken: bool,
    /// The thread has ended.
    finished: bool,
}

/// Where the bytes go.
struct Sink {
    output: Box<dyn Write + Send>,
    /// The program behind the output.
    filter: Option<Child>,
}

impl Recorder {
    /// Begins a recording in a file, which is emptied. `filter` is a command line through which it goes.
    ///
    /// # Errors
    /// When the file cannot be opened or the filter cannot be started.
    pub fn to_file(path: &Path, filter: Option<&OsStr>) -> Result<Self, HostError> {
        let file = File::create(path)
            .map_err(|error| HostError::new(format_args!("{}: {error}", path.display())))?;
        let sink = match filter {
            None => Sink { output: Box::new(file), filter: None },
            Some(line) => filter::start(line, file)?,
        };
        Self::new(sink, PATIENCE)
    }

    fn new(sink: Sink, patience: Duration) -> Result<Self, HostError> {
        let shared = Arc::<Shared>::default();
        shared.queue().bytes.extend_from_slice(HEADER);
        let thread = spawn_masked("SPICE Recorder", {
            let shared = Arc::clone(&shared);
            move || shared.write_all(sink)
        });
        thread.map_err(|error| HostError::new(format_args!("no thread for the recording: {error}")))?;
        Ok(Self { shared, begin: Instant::now(), patience })
    }

    /// Appends an event. Blocks while too much waits to be written.
    pub fn record(&self, entry: &Entry) {
        let mut queue = self.shared.queue();
        let is_full = |queue: &mut Queue| {
            !queue.broken && !queue.bytes.is_empty() && queue.bytes.len() + entry.size() > CAPACITY
        };
        if is_full(&mut queue) {
            let waited = self.shared.changed.wait_timeout_while(queue, self.patience, is_full);
            let (woken, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            if outcome.timed_out() {
                queue.end(&"nothing takes it");
            }
        }
        if queue.broken {
            return;
        }
        let (number, time) = (queue.events, self.begin.elapsed().as_nanos());
        queue.events += 1;
        entry.write(number, u64::try_from(time).unwrap_or(u64::MAX), &mut queue.bytes);
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Whether events are still written.
    pub fn is_going(&self) -> bool {
        !self.shared.queue().broken
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.closed = true;
        self.shared.changed.notify_all();
        let waited = self.shared.changed.wait_timeout_while(queue, self.patience, |queue| !queue.finished);
        if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
            tracing::warn!("the recording is left to its filter, which does not end");
        }
    }
}

impl Queue {
    fn end(&mut self, reason: &dyn std::fmt::Display) {
        tracing::warn!("the recording ends after {} events: {reason}", self.events);
        self.broken = true;
        self.bytes = Vec::new();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the recorder's thread does.
    fn write_all(&self, sink: Sink) {
        let Sink { mut output, filter } = sink;
        // Two buffers take turns, so that no memory is asked for again and again.
        let mut bytes = Vec::new();
        while self.take(&mut bytes) {
            if let Err(error) = output.write_all(&bytes)
                && self.is_going()
            {
                self.queue().end(&error);
            }
        }
        // A filter ends when its input does.
        drop(output);
        if let Some(mut filter) = filter {
            report(filter.wait());
        }
        self.queue().finished = true;
        self.changed.notify_all();
    }

    fn is_going(&self) -> bool {
        !self.queue().broken
    }

    /// Takes what waits to be written, once there is something, in place of what was; false at the end.
    fn take(&self, bytes: &mut Vec<u8>) -> bool {
        let idle = |queue: &mut Queue| queue.bytes.is_empty() && !queue.closed && !queue.broken;
        bytes.clear();
        // What one large event needed is not kept.
        bytes.shrink_to(CAPACITY);
        let woken = self.changed.wait_while(self.queue(), idle);
        std::mem::swap(bytes, &mut woken.unwrap_or_else(PoisonError::into_inner).bytes);
        self.changed.notify_all();
        !bytes.is_empty()
    }
}

fn report(outcome: io::Result<std::process::ExitStatus>) {
    match outcome {
        Ok(status) if status.success() => {}
        Ok(status) => tracing::warn!("the recording's filter has ended with {status}"),
        Err(error) => tracing::warn!("the recording's filter is lost: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use recording::{Event, EventKind, Message, Recording};

    use super::*;

    /// Gives what is written to a test, or an error after so many writes.
    struct Tap {
        written: Sender<Vec<u8>>,
        writes: usize,
    }

    impl Write for Tap {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes = self.writes.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            self.written.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn recorder(writes: usize) -> (Recorder, Receiver<Vec<u8>>) {
        let (written, tap) = channel();
        let output = Box::new(Tap { written, writes });
        (Recorder::new(Sink { output, filter: None }, PATIENCE).unwrap(), tap)
    }

    #[test]
    fn events_of_several_threads_are_numbered_and_whole() {
        let (recorder, tap) = recorder(usize::MAX);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| recorder.record(&Entry::message(&Message::Wakeup))));
            }
        });
        drop(recorder);
        let bytes: Vec<u8> = tap.try_iter().flatten().collect();
        let events: Vec<Event> = Recording::open(bytes.as_slice(), 1).unwrap().map(Result::unwrap).collect();
        assert_eq!(events.len(), 400);
        assert!(events.iter().zip(0..).all(|(event, number)| event.number == number));
        assert!(events.is_sorted_by_key(|event| event.timestamp));
        assert!(events.iter().all(|event| event.kind == EventKind::Message(Message::Wakeup)));
    }

    #[test]
    fn an_error_ends_the_recording_and_nothing_else() {
        let (recorder, tap) = recorder(1);
        assert_eq!(tap.recv().unwrap(), HEADER);
        recorder.record(&Entry::message(&Message::Start));
        // The tap goes when the thread has met the error and ends.
        assert!(tap.recv().is_err());
        assert!(!recorder.is_going());
        recorder.record(&Entry::message(&Message::Stop));
    }

    /// Takes nothing before a test says so.
    struct Dam(Receiver<()>);

    impl Write for Dam {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // The test has ended.
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_sink_that_takes_nothing_ends_the_recording_and_little_waits_for_it() {
        let (open, dam) = channel();
        let sink = Sink { output: Box::new(Dam(dam)), filter: None };
        let recorder = Recorder::new(sink, Duration::ZERO).unwrap();
        let surface = recording::PrimarySurface::black(128, 128);
        let large = Entry::message(&Message::CreatePrimary { surface, asynchronous: false });
        let fits = CAPACITY / large.size();
        for _ in 0..fits {
            recorder.record(&large);
            assert!(recorder.is_going());
        }
        // The thread may have taken them all at once, but not twice.
        for _ in 0..=fits {
            recorder.record(&large);
        }
        assert!(!recorder.is_going());
        assert!(recorder.shared.queue().bytes.is_empty());
        drop(recorder);
        drop(open);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let error = Recorder::to_file(Path::new("/nowhere/x.rec"), None).unwrap_err();
        assert!(error.to_string().contains("/nowhere/x.rec"), "{error}");
    }
}
