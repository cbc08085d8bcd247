//! Backups while people read and write: how long anybody waits.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::archive::run;
use crate::federation::{Home, during, fresh};
use crate::load::{self, Connection};
use crate::peers::Peers;
use crate::program::Program;
use crate::seed::{Place, Seeded};
use crate::table::{Report, number};
use crate::writing::post;
use crate::{MB, Res};

/// How long it is looked how things are without one, and how many there are.
const BEFORE: Duration = Duration::from_secs(20);
const BACKUPS: usize = 3;
/// Between two posts.
const PAUSE: Duration = Duration::from_millis(200);

/// Before, and during some.
pub fn measure(place: &Place, seeded: &Seeded, peers: &Peers, report: &mut Report) -> Res<()> {
    println!("backups under load:");
    let (folder, program) = fresh(place, peers)?;
    let (home, writes) = watched(&program, seeded, || {
        thread::sleep(BEFORE);
        Ok(())
    })?;
    tell(report, "before", &home, &writes);
    let (mut took, mut peak) = (Duration::ZERO, 0.0_f64);
    let (home, writes) = watched(&program, seeded, || {
        for number in 0..BACKUPS {
            let to = folder.join(format!("backup-{number}.tar.gz"));
            let (time, memory, _) = run(&folder, &["backup", "--to", path(&to)?])?;
            (took, peak) = (took.max(time), peak.max(memory));
        }
        Ok(())
    })?;
    tell(report, "meanwhile", &home, &writes);
    report.add("a backup of it, the longest", None, took.as_secs_f64(), "s");
    report.add("the same: most memory of the command", None, peak / MB, "MB");
    report.add("the same: most memory of the server", None, program.memory()?.peak / MB, "MB");
    program.stop()?;
    Ok(())
}

fn path(path: &Path) -> Res<&str> {
    path.to_str().ok_or_else(|| "a path that is no text".into())
}

/// What home and posts took while `work` ran.
fn watched(
    program: &Program,
    seeded: &Seeded,
    work: impl FnOnce() -> Res<()>,
) -> Res<(Home, Vec<Duration>)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut times = Vec::new();
            let mut connection = Connection::open(program.address).map_err(|e| e.to_string())?;
            while !over.load(Ordering::SeqCst) {
                let since = Instant::now();
                let answer = connection.exchange(&post(&seeded.people.bob, times.len()));
                let (status, _) = answer.map_err(|e| e.to_string())?;
                if status != 200 {
                    return Err(format!("a post was answered {status}"));
                }
                times.push(since.elapsed());
                thread::sleep(PAUSE);
            }
            Ok(times)
        });
        let home = during(program, seeded, work);
        over.store(true, Ordering::SeqCst);
        let mut times = writer.join().map_err(|_| "the writer panicked")??;
        times.sort_unstable();
        Ok((home?, times))
    })
}

fn tell(report: &mut Report, when: &str, home: &Home, writes: &[Duration]) {
    let most = writes.last().copied().unwrap_or_default();
    let middle = writes.get(writes.len() / 2).copied().unwrap_or_default();
    println!(
        "  {when}: {} posts, half of them within {} ms",
        writes.len(),
        number(load::ms(middle))
    );
    report.add(&format!("home {when}, p99"), None, load::ms(home.p99), "ms");
    report.add(&format!("home {when}, the longest"), Some(50.0), load::ms(home.most), "ms");
    report.add(&format!("a post {when}, the longest"), Some(50.0), load::ms(most), "ms");
}
