//! What a client, a browser or another server reads.

use std::time::{Duration, Instant};

use dassie::db;
use dassie::db::search::Statuses;
use dassie::model::Page;
use dassie::text::search;

use crate::load::{self, Load, Until, request};
use crate::program::Program;
use crate::seed::{self, Place, Seeded};
use crate::table::{Report, number};
use crate::{Options, Res};

/// Requests before the clock runs: caches and statements.
const WARM_UP: usize = 60;

/// Something that is read again and again.
struct Read {
    name: &'static str,
    path: String,
    token: bool,
    accept: &'static str,
    limit: Option<f64>,
}

fn reads(seeded: &Seeded) -> Vec<Read> {
    let (ann, thread) = (seeded.people.ann.id, seeded.thread);
    let api = |name, limit, path: String| Read {
        name,
        path,
        token: true,
        accept: "application/json",
        limit,
    };
    let page = |name, limit, accept, path: String| Read { name, path, token: false, accept, limit };
    vec![
        api("home, 20 statuses", Some(0.25), "/api/v1/timelines/home?limit=20".into()),
        api(
            "home, far below what is kept",
            None,
            format!("/api/v1/timelines/home?limit=20&max_id={}", seeded.deep),
        ),
        page("instance", Some(0.03), "application/json", "/api/v1/instance".into()),
        api("verify_credentials", Some(0.05), "/api/v1/accounts/verify_credentials".into()),
        page("actor", Some(0.03), "application/activity+json", "/users/ann".into()),
        api(
            "account statuses, 20",
            Some(0.25),
            format!("/api/v1/accounts/{ann}/statuses?limit=20"),
        ),
        api("notifications, 20", Some(0.15), "/api/v1/notifications?limit=20".into()),
        page("profile page", Some(0.3), "text/html", "/@ann".into()),
        page("status page", None, "text/html", format!("/@ann/{thread}")),
        api("context, thread of 50", None, format!("/api/v1/statuses/{thread}/context")),
        api(
            "search accounts, a name",
            None,
            format!("/api/v1/accounts/search?limit=20&q={}", seeded.author),
        ),
        api(
            "search accounts, a common word",
            None,
            "/api/v1/accounts/search?limit=20&q=the".into(),
        ),
        api("grouped notifications, 20", None, "/api/v2/notifications?limit=20".into()),
        api("public timeline, 20", None, "/api/v1/timelines/public?limit=20".into()),
        api("local timeline, 20", None, "/api/v1/timelines/public?local=true&limit=20".into()),
        api("followers, 40", None, format!("/api/v1/accounts/{ann}/followers?limit=40")),
        api("an account", None, format!("/api/v1/accounts/{ann}")),
        api("relationship", None, format!("/api/v1/accounts/relationships?id[]={ann}")),
        api("a status", None, format!("/api/v1/statuses/{thread}")),
        api(
            "search statuses, Chinese",
            None,
            "/api/v2/search?type=statuses&q=%E4%BD%A0%E5%A5%BD".into(),
        ),
        api("unread count", None, "/api/v2/notifications/unread_count".into()),
        api("trending tags", None, "/api/v1/trends/tags".into()),
        api("lists", None, "/api/v1/lists".into()),
        api("filters", None, "/api/v2/filters".into()),
        api("markers", None, "/api/v1/markers?timeline[]=home".into()),
        api("preferences", None, "/api/v1/preferences".into()),
    ]
}

fn bytes(read: &Read, seeded: &Seeded) -> Vec<u8> {
    let token = format!("Bearer {}", seeded.people.ann.token);
    let mut headers = vec![("Accept", read.accept)];
    if read.token {
        headers.push(("Authorization", &token));
    }
    request("GET", &read.path, &headers, None)
}

/// Every read at one connection and at 16.
pub fn measure(
    program: &Program,
    seeded: &Seeded,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    let time = Duration::from_millis(if options.quick { 400 } else { 1_500 });
    for read in reads(seeded) {
        let bytes = bytes(&read, seeded);
        let (status, body) =
            load::Connection::open(program.address)?.exchange(&bytes).map(|(s, b)| (s, b.len()))?;
        println!("GET {} ({}): {status}, {} bytes", read.name, read.path, body);
        let mut at_one = None;
        for connections in [1, 16] {
            load::run(program, connections, Until::Requests(WARM_UP), |_| bytes.clone())?;
            let load = load::run(program, connections, Until::Passed(time), |_| bytes.clone())?;
            load.print(read.name, connections);
            at_one = at_one.or(Some(load));
        }
        let cpu = at_one.map_or(0.0, |load: Load| load.cpu_ms());
        report.add(&format!("GET {}", read.name), read.limit, cpu, "ms CPU");
    }
    Ok(())
}

/// How long one read of home takes, on a connection of its own.
pub fn home_once(program: &Program, seeded: &Seeded) -> Res<Duration> {
    let reads = reads(seeded);
    let bytes = bytes(reads.first().ok_or("no home")?, seeded);
    let mut connection = load::Connection::open(program.address)?;
    let since = Instant::now();
    match connection.exchange(&bytes)?.0 {
        200 => Ok(since.elapsed()),
        other => Err(format!("home answered {other}").into()),
    }
}

/// Reads of home at `connections`, for as long as `time`.
pub fn home(program: &Program, seeded: &Seeded, connections: usize, time: Duration) -> Res<Load> {
    let reads = reads(seeded);
    let home = reads.first().ok_or("no home")?;
    let bytes = bytes(home, seeded);
    load::run(program, connections, Until::Passed(time), |_| bytes.clone())
}

/// Two characters among the texts of all statuses: by the library, since a server only indexes
/// what its people have to do with.
pub fn search(place: &Place, seeded: &Seeded, options: &Options, report: &mut Report) -> Res<()> {
    println!("search among all statuses:");
    let folder = place.indexed()?;
    let app = seed::open(&folder)?;
    let viewer = seeded.people.ann.id;
    let mut worst: f64 = 0.0;
    for words in ["天气", "我们", "灯塔", "蹄兔", "鲸鱼"] {
        let what = Statuses { words: search::query(words), ..Statuses::default() };
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..if options.quick { 10 } else { 40 } {
            let since = Instant::now();
            found = app
                .db
                .read(|conn| {
                    let page = Page::newest(20);
                    db::search::find_statuses(conn, viewer, &what, &page, 0)
                })?
                .len();
            times.push(since.elapsed());
        }
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().map_or(0.0, load::ms);
        let longest = times.last().copied().map_or(0.0, load::ms);
        println!(
            "  {words}: {found} of a page of 20, median {} ms, slowest {} ms",
            number(median),
            number(longest)
        );
        worst = worst.max(median);
    }
    app.close();
    report.add("search two Chinese characters", Some(20.0), worst, "ms");
    report.note(format!(
        "the search is db::search::find_statuses in this process over the texts of {} statuses, \
         all indexed; the target is for 500,000; the worst median of five queries",
        if options.quick { "20,000" } else { "200,000" }
    ));
    Ok(())
}
