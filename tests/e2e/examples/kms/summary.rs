//! Medians, ratios, the table and the JSON.

use e2e::Suite;
use serde_json::{Value, json};

use crate::Side;
use crate::scene::SCENES;

/// What one driver costs in one scene.
struct Cost {
    ring_bytes: f64,
    commands: f64,
    exits: f64,
    notify_oom: f64,
    wire_bytes: f64,
    frames_per_second: f64,
    /// The guest's processor, without the program's own drawing.
    kernel_ms_per_frame: f64,
    guest_ms_per_frame: f64,
    qemu_seconds: f64,
}

impl Cost {
    fn of(side: &Side, scene: usize) -> Self {
        let counted = side.counted.get(scene);
        let median = |value: &dyn Fn(&crate::Timed) -> f64| {
            let mut values: Vec<f64> =
                side.timed.iter().filter_map(|run| run.get(scene)).map(value).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.get(values.len().saturating_sub(1) / 2..=values.len() / 2).unwrap_or(&[]);
            f64::midpoint(
                middle.first().copied().unwrap_or(f64::NAN),
                middle.last().copied().unwrap_or(f64::NAN),
            )
        };
        let port = |run: &crate::Timed, name: &str| {
            let writes = run.ports.iter().filter(|(port, _)| port.contains(name)).map(|(_, writes)| *writes);
            count(writes.sum())
        };
        Cost {
            ring_bytes: counted.map_or(f64::NAN, |counted| count(counted.given.bytes)),
            commands: counted.map_or(f64::NAN, |counted| count(counted.given.commands)),
            exits: median(&|run| port(run, "")),
            notify_oom: median(&|run| port(run, "OOM")),
            wire_bytes: median(&|run| count(run.wire_bytes)),
            frames_per_second: median(&|run| run.told.frames * 1000.0 / run.told.wall_ms),
            kernel_ms_per_frame: median(&|run| (run.told.busy_ms - run.told.user_ms) / run.told.frames),
            guest_ms_per_frame: median(&|run| run.told.busy_ms / run.told.frames),
            qemu_seconds: median(&|run| run.qemu_seconds),
        }
    }

    fn columns(&self) -> [(&'static str, f64); 9] {
        [
            ("ring bytes", self.ring_bytes),
            ("commands", self.commands),
            ("exits", self.exits),
            ("NOTIFY_OOM", self.notify_oom),
            ("wire bytes", self.wire_bytes),
            ("frames/s", self.frames_per_second),
            ("kernel ms/frame", self.kernel_ms_per_frame),
            ("guest ms/frame", self.guest_ms_per_frame),
            ("QEMU CPU s", self.qemu_seconds),
        ]
    }
}

/// Prints a line for each driver and scene, and one with the ratios.
pub(crate) fn print(sides: &[Side]) {
    for (scene, name) in SCENES.iter().enumerate() {
        let costs: Vec<Cost> = sides.iter().map(|side| Cost::of(side, scene)).collect();
        for (side, cost) in sides.iter().zip(&costs) {
            print!("{name:9} {:9}", side.driver.name());
            for (title, value) in cost.columns() {
                print!(" | {title} {value:.1}");
            }
            println!();
        }
        if let [upstream, ours] = costs.as_slice() {
            print!("{name:9} ratio    ");
            for ((title, theirs), (_, ours)) in upstream.columns().into_iter().zip(ours.columns()) {
                print!(" | {title} {:.3}", ours / theirs);
            }
            println!();
        }
    }
}

/// All runs, and the medians that the table shows.
pub(crate) fn to_json(suite: Suite, sides: &[Side]) -> Value {
    let side = |side: &Side| {
        let medians = SCENES.iter().enumerate().map(|(scene, name)| {
            let columns =
                Cost::of(side, scene).columns().map(|(title, value)| (title.to_owned(), json!(value)));
            ((*name).to_owned(), Value::Object(columns.into_iter().collect()))
        });
        json!({
            "driver": side.driver.name(),
            "medians": Value::Object(medians.collect()),
            "counted": side.counted,
            "timed": side.timed,
        })
    };
    json!({ "bench": "kms", "kernel": suite.name(), "sides": sides.iter().map(side).collect::<Vec<_>>() })
}

/// Counts stay far below what a float holds exactly.
fn count(number: u64) -> f64 {
    u32::try_from(number).map_or_else(|_| number.to_string().parse().unwrap_or(f64::NAN), f64::from)
}
