//! The guest's side: a thread that takes steps from a source and puts them into the rings, and has the
//! host's calls made by the main thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::rings::{Prepared, Rings};
use crate::source::{Call, CommandSource, Step};
use crate::spice::Waker;
use crate::usage::FeederTime;
use crate::wake::Wake;

/// How many commands go into the rings at once where nothing else limits it.
const BATCH: usize = 256;

/// What the feeder tells the main thread.
pub enum Told {
    /// The source is loaded; so many commands, where all of it was loaded.
    Loaded(Option<u64>),
    /// A call is due. The answer is how many completions have to have come before the next step.
    Call(Call),
    /// As many commands as asked for were taken.
    Reached {
        /// Commands taken since the start.
        commands: u64,
        /// Whether nothing follows.
        end: bool,
    },
    /// The source is damaged, or the library stuck.
    Failed(anyhow::Error),
}

/// How the feeder works.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Load the whole source before the first command.
    pub preload: bool,
    /// Time between two commands.
    pub pace: Option<Duration>,
}

/// The feeder's ends of what connects it to the rest.
pub struct Ends {
    /// The devices' rings, the first device's first; all are given the same.
    pub rings: Vec<Arc<Rings>>,
    /// Rings the library's bell.
    pub waker: Waker,
    /// To the main thread.
    pub told: Sender<Told>,
    /// Makes the main thread look.
    pub wake: Arc<Wake>,
    /// How far to go: commands since the start.
    pub limits: Receiver<u64>,
    /// Answers to calls.
    pub answers: Receiver<u64>,
    /// Where the feeder's processor time is kept.
    pub time: Arc<FeederTime>,
}

/// The feeder.
pub struct Feeder<S> {
    source: S,
    manner: Manner,
    ends: Ends,
    ahead: VecDeque<Ready>,
    ended: bool,
    last_id: u64,
    pushed: u64,
}

/// A step whose structures lie where the library will read them, once for each device.
enum Ready {
    Command(Vec<Prepared>),
    Call(Call),
}

impl<S: CommandSource> Feeder<S> {
    /// A feeder that has not begun.
    pub fn new(source: S, manner: Manner, ends: Ends) -> Self {
        Self { source, manner, ends, ahead: VecDeque::new(), ended: false, last_id: 0, pushed: 0 }
    }

    /// Works until the main thread sends no more limits.
    pub fn run(mut self) {
        let outcome = self.load().and_then(|()| {
            while let Ok(limit) = self.ends.limits.recv() {
                let reached = self.advance(limit)?;
                self.tell(reached);
            }
            Ok(())
        });
        if let Err(error) = outcome {
            self.tell(Told::Failed(error));
        }
    }

    fn tell(&self, told: Told) {
        self.ends.time.store();
        // The main thread is gone only when the process ends.
        let _ = self.ends.told.send(told);
        self.ends.wake.up();
    }

    fn load(&mut self) -> Result<()> {
        while self.manner.preload && self.read_ahead()? {}
        let commands = self.ahead.iter().filter(|ready| matches!(ready, Ready::Command(_))).count();
        self.tell(Told::Loaded(self.manner.preload.then_some(commands as u64)));
        Ok(())
    }

    /// Reads one step more; false at the end.
    fn read_ahead(&mut self) -> Result<bool> {
        for surface in self.ends.rings.iter().take(1).flat_map(|rings| rings.freed_surfaces()) {
            self.source.surface_released(surface);
        }
        let Some(step) = self.source.next_step()? else {
            self.ended = true;
            return Ok(false);
        };
        self.ahead.push_back(match step {
            Step::Call(call) => Ready::Call(call),
            Step::Command { kind, layout, destroys } => {
                self.last_id += 1;
                let id = self.last_id;
                let prepared = self.ends.rings.iter().map(|_| {
                    let mut memory = layout.clone().into_memory(id);
                    Prepared { id, kind, address: memory.address(), memory, destroys }
                });
                Ready::Command(prepared.collect())
            }
        });
        Ok(true)
    }

    fn next(&mut self) -> Result<Option<&Ready>> {
        if self.ahead.is_empty() && !self.ended {
            self.read_ahead()?;
        }
        Ok(self.ahead.front())
    }

    /// Puts commands into the rings until `limit` were, then makes the calls that follow, so that a
    /// primary surface that is about to be replaced is.
    fn advance(&mut self, limit: u64) -> Result<Told> {
        let begin = Instant::now();
        let before = self.pushed;
        let end = loop {
            let full = self.pushed >= limit;
            match self.next()? {
                None => break true,
                Some(Ready::Command(_)) if full => break false,
                Some(Ready::Command(_)) => {
                    if let Some(pace) = self.manner.pace {
                        let count = u32::try_from(self.pushed - before).unwrap_or(u32::MAX);
                        let due = begin + pace.saturating_mul(count);
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    self.push(limit)?;
                }
                Some(Ready::Call(_)) => self.make_call()?,
            }
        };
        self.wait_taken()?;
        Ok(Told::Reached { commands: self.pushed, end })
    }

    /// Pushes the commands that stand next, one if they are paced.
    fn push(&mut self, limit: u64) -> Result<()> {
        let most = if self.manner.pace.is_some() { 1 } else { BATCH };
        let mut batches: Vec<VecDeque<Prepared>> = self.ends.rings.iter().map(|_| VecDeque::new()).collect();
        let mut count = 0;
        while count < most && self.pushed < limit {
            match self.ahead.pop_front() {
                Some(Ready::Command(prepared)) => {
                    batches.iter_mut().zip(prepared).for_each(|(batch, prepared)| batch.push_back(prepared));
                    count += 1;
                    self.pushed += 1;
                }
                Some(call) => {
                    self.ahead.push_front(call);
                    break;
                }
                None if count == 0 && self.read_ahead()? => {}
                None => break,
            }
        }
        while batches.iter().any(|batch| !batch.is_empty()) {
            let mut wake = false;
            for (rings, batch) in self.ends.rings.iter().zip(&mut batches) {
                wake |= !batch.is_empty() && rings.push(batch)?;
            }
            if wake {
                self.ends.waker.wake();
            }
        }
        Ok(())
    }

    fn wait_taken(&self) -> Result<()> {
        self.ends.rings.iter().try_for_each(|rings| rings.wait_taken(self.pushed))
    }

    fn make_call(&mut self) -> Result<()> {
        self.wait_taken()?;
        if let Some(Ready::Call(call)) = self.ahead.pop_front() {
            self.tell(Told::Call(call));
            let completions = self.ends.answers.recv().context("the main thread is gone")?;
            if let Some(rings) = self.ends.rings.first() {
                rings.wait_completions(completions)?;
            }
        }
        Ok(())
    }
}
