//! Runs of both libraries in one scenario, their medians, and the table's rows.

use serde::Serialize;

use crate::null_client::Tally;

/// What one run showed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Run {
    pub(super) commands: u64,
    /// From the first command to the moment when the client has everything.
    pub(super) commands_per_second: f64,
    /// Of all of the library's threads.
    pub(super) cpu_seconds: f64,
    pub(super) wall_seconds: f64,
    /// Bytes, the preloaded commands included.
    pub(super) peak_resident: u64,
    /// Bytes beyond what was resident before the first command.
    pub(super) peak_growth: u64,
    /// What came on the display channel.
    pub(super) display: Tally,
}

/// Medians of several runs.
#[derive(Clone, Debug, Serialize)]
struct Medians {
    commands_per_second: f64,
    cpu_seconds: f64,
    cpu_microseconds_per_command: f64,
    bytes: f64,
    messages: f64,
    peak_resident: f64,
    peak_growth: f64,
}

/// The runs of one library.
#[derive(Serialize)]
struct Side {
    median: Medians,
    runs: Vec<Run>,
}

/// Both libraries in one scenario.
#[derive(Serialize)]
pub(super) struct Compared {
    scenario: String,
    original: Side,
    ours: Side,
    /// Ours divided by the original's.
    ratio: Medians,
}

fn median(runs: &[Run], value: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    let middle = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { middle(half) } else { (middle(half.wrapping_sub(1)) + middle(half)) / 2.0 }
}

impl Medians {
    fn of(runs: &[Run]) -> Self {
        Self {
            commands_per_second: median(runs, |run| run.commands_per_second),
            cpu_seconds: median(runs, |run| run.cpu_seconds),
            cpu_microseconds_per_command: median(runs, |run| run.cpu_seconds * 1e6 / run.commands as f64),
            bytes: median(runs, |run| run.display.bytes as f64),
            messages: median(runs, |run| run.display.messages as f64),
            peak_resident: median(runs, |run| run.peak_resident as f64),
            peak_growth: median(runs, |run| run.peak_growth as f64),
        }
    }

    fn divided_by(&self, other: &Self) -> Self {
        Self {
            commands_per_second: self.commands_per_second / other.commands_per_second,
            cpu_seconds: self.cpu_seconds / other.cpu_seconds,
            cpu_microseconds_per_command: self.cpu_microseconds_per_command
                / other.cpu_microseconds_per_command,
            bytes: self.bytes / other.bytes,
            messages: self.messages / other.messages,
            peak_resident: self.peak_resident / other.peak_resident,
            peak_growth: self.peak_growth / other.peak_growth,
        }
    }
}

impl Side {
    fn new(runs: Vec<Run>) -> Self {
        Self { median: Medians::of(&runs), runs }
    }

    /// Images by kind: the medians over the runs.
    fn images(&self) -> String {
        let mut kinds: Vec<&String> = self.runs.iter().flat_map(|run| run.display.images.keys()).collect();
        kinds.sort();
        kinds.dedup();
        let count = |kind| median(&self.runs, |run| *run.display.images.get(kind).unwrap_or(&0) as f64);
        let shown: Vec<String> = kinds.into_iter().map(|kind| format!("{kind} {:.0}", count(kind))).collect();
        shown.join(", ")
    }

    fn print(&self, name: &str) {
        let Medians {
            commands_per_second,
            cpu_seconds,
            cpu_microseconds_per_command,
            bytes,
            messages,
            peak_resident,
            peak_growth,
        } = self.median;
        let (bytes, resident, growth) = (bytes / 1e6, peak_resident / 1e6, peak_growth / 1e6);
        println!(
            "  {name:9} {commands_per_second:12.0} {cpu_seconds:9.3} {cpu_microseconds_per_command:9.2} \
             {bytes:9.2} {messages:9.0} {resident:9.1} {growth:9.1}  {}",
            self.images()
        );
    }
}

/// The names of the columns.
pub(super) fn print_head() {
    println!(
        "  {:9} {:>12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  images",
        "", "commands/s", "CPU s", "us/cmd", "MB", "messages", "peak MB", "growth MB"
    );
}

impl Compared {
    pub(super) fn new(scenario: String, original: Vec<Run>, ours: Vec<Run>) -> Self {
        let (original, ours) = (Side::new(original), Side::new(ours));
        let ratio = ours.median.divided_by(&original.median);
        Self { scenario, original, ours, ratio }
    }

    pub(super) fn print(&self) {
        println!("{}", self.scenario);
        self.original.print("original");
        self.ours.print("ours");
        let ratio = &self.ratio;
        println!(
            "  {:9} {:12.2} {:9.2} {:9.2} {:9.2} {:9.2} {:9.2} {:9.2}",
            "ratio",
            ratio.commands_per_second,
            ratio.cpu_seconds,
            ratio.cpu_microseconds_per_command,
            ratio.bytes,
            ratio.messages,
            ratio.peak_resident,
            ratio.peak_growth
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(cpu_seconds: f64) -> Run {
        Run {
            commands: 10,
            commands_per_second: 1.0,
            cpu_seconds,
            wall_seconds: 1.0,
            peak_resident: 1,
            peak_growth: 1,
            display: Tally::default(),
        }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let runs: Vec<Run> = [4.0, 1.0, 3.0, 2.0].map(run).to_vec();
        assert_eq!(median(&runs, |run| run.cpu_seconds), 2.5);
        assert_eq!(median(&runs[..3], |run| run.cpu_seconds), 3.0);
    }

    #[test]
    fn ratios_are_ours_over_the_original() {
        let compared = Compared::new("test".into(), vec![run(2.0)], vec![run(1.0)]);
        assert_eq!(compared.ratio.cpu_seconds, 0.5);
    }
}
