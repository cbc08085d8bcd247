//! Programs of the host: what they are asked, and that they harm nobody, whatever they do.

use std::path::Path;
use std::time::{Duration, Instant};

use dassie::config::Program;
use dassie::error::Error;
use dassie::media::format::{self, Format};
use dassie::media::heif::Kind;
use dassie::media::image::{Order, Outcome, Purpose};
use dassie::media::tools::{Container, Conversion, Video};

use super::fake::{Bench, fixture};
use crate::support::eventually;

/// What a working program does.
const WORKS: &str = "cp \"$here/picture\" \"$out\"";

fn still(bench: &Bench) -> Option<()> {
    bench.media.still(&fixture("still.mp4"), Container::Mp4, &bench.output()).unwrap()
}

fn convert(bench: &Bench) -> Conversion {
    let (input, output) = (fixture("telephone.mov"), bench.output());
    let container = Container::Mp4;
    let (input, output) = (input.as_path(), output.as_path());
    let video = Video { input, container, output, duration: 1.75, max_bytes: 1 << 20 };
    bench.media.convert_video(&video).unwrap()
}

fn picture(bench: &Bench, input: &Path) -> Outcome {
    let (input, output) = (input.to_owned(), bench.output());
    let order = Order { input, output, purpose: Purpose::Attachment, max_pixels: 1_000_000 };
    let outcome = bench.media.decode(&order).unwrap();
    let _ = std::fs::remove_file(order.full());
    let _ = std::fs::remove_file(order.small());
    outcome
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(_))
}

#[test]
fn s_108_arguments_are_fixed_and_name_the_container() {
    let bench = Bench::new(WORKS);
    assert_eq!(still(&bench), Some(()));
    let webm = fixture("still.webm");
    std::fs::remove_file(bench.output()).unwrap();
    let made = bench.media.still(&webm, Container::WebM, &bench.output()).unwrap();
    assert_eq!(made, Some(()));
    std::fs::remove_file(bench.output()).unwrap();
    assert_eq!(convert(&bench), Conversion::Done);
    let runs = bench.runs();
    for (run, (container, name)) in runs.iter().zip([
        ("mov", "still.mp4"),
        ("matroska", "still.webm"),
        ("mov", "telephone.mov"),
    ]) {
        let text = run.join(" ");
        let begin = format!("-protocol_whitelist file -f {container} ");
        assert!(text.starts_with("-nostdin -hide_banner -loglevel error "), "{text}");
        assert!(text.contains(&begin) && text.contains("-threads 1 "), "{text}");
        let input = run.iter().position(|word| word == "-i").unwrap();
        assert_eq!(run[input + 1], format!("file:{}", fixture(name).display()));
        assert!(text.find(&begin) < text.find(" -i "), "{text}");
        assert_eq!(run.last().unwrap(), &format!("file:{}", bench.output().display()));
    }
    assert_eq!(runs.len(), 3);
}

#[test]
fn s_107_s_108_programs_have_little_and_no_network() {
    let bench = Bench::new(
        "env > \"$here/env\"; ulimit -v > \"$here/limits\"; ulimit -t >> \"$here/limits\"
        ulimit -f >> \"$here/limits\"; ulimit -n >> \"$here/limits\"; ulimit -c >> \"$here/limits\"
        nice > \"$here/nice\"; pwd > \"$here/pwd\"; cat /proc/self/net/dev > \"$here/net\"
        cat /proc/self/oom_score_adj > \"$here/oom\"; cp \"$here/picture\" \"$out\"",
    );
    assert_eq!(still(&bench), Some(()));
    let said = |name: &str| std::fs::read_to_string(bench.tool().join(name)).unwrap();
    for line in said("env").lines() {
        let name = line.split('=').next().unwrap();
        assert!(["MALLOC_ARENA_MAX", "PWD", "OLDPWD", "_", "SHLVL"].contains(&name), "{line}");
    }
    let limits: Vec<u64> = said("limits").lines().map(|line| line.parse().unwrap()).collect();
    // kilobytes, seconds, blocks of 512 bytes, files, no core
    assert_eq!(limits, [640 << 10, 20, 16 << 10, 64, 0]);
    // ten more than this process has, as far as the scale goes
    let own = std::process::Command::new("nice").output().unwrap().stdout;
    let own: i32 = String::from_utf8(own).unwrap().trim().parse().unwrap();
    assert!(said("nice").trim().parse::<i32>().unwrap() >= (own + 10).min(19));
    assert_eq!(said("pwd").trim(), "/");
    assert_eq!(said("oom").trim(), "800");
    let may = std::process::Command::new("unshare").args(["-Un", "true"]).status();
    if may.is_ok_and(|status| status.success()) {
        let devices = said("net");
        let devices: Vec<&str> =
            devices.lines().skip(2).filter_map(|l| l.split(':').next()).map(str::trim).collect();
        assert_eq!(devices, ["lo"]);
    } else {
        eprintln!("skipped: this user may not make network namespaces");
    }
}

#[test]
fn s_107_what_takes_too_long_is_ended_with_all_that_it_started() {
    let bench = Bench::new("sleep 1000 & echo $! > \"$here/pid\"; echo x > \"$out\"; wait");
    // what it can do is asked before
    assert!(bench.media.converts_video());
    let since = Instant::now();
    match convert(&bench) {
        Conversion::Refused(sentence) => assert!(sentence.contains("too long"), "{sentence}"),
        Conversion::Done => panic!("it never ends"),
    }
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(bench.left(), 0);
    let pid = std::fs::read_to_string(bench.tool().join("pid")).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    eventually("its child is gone", || {
        // ended, and perhaps waited for by whoever has it now
        let gone = std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "));
        gone.then_some(())
    });
}

#[test]
fn s_107_memory_and_files_have_limits() {
    let bench = Bench::new(
        "dd if=/dev/zero of=/dev/null bs=2000M count=1 || exit 1; cp \"$here/picture\" \"$out\"",
    );
    assert_eq!(still(&bench), None);
    bench.does("head -c 20000000 /dev/zero > \"$out\" || exit 1");
    assert_eq!(still(&bench), None);
    bench.does("while :; do cat /dev/zero; done > \"$out\"");
    assert!(matches!(convert(&bench), Conversion::Refused(_)));
    assert_eq!(bench.left(), 0);
}

#[test]
fn what_a_program_says_does_not_hold_it_up_or_fill_memory() {
    let bench = Bench::new(
        "head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; cp \"$here/picture\" \"$out\"",
    );
    assert_eq!(still(&bench), Some(()));
}

#[test]
fn what_fails_or_makes_nothing_leaves_nothing() {
    let bench = Bench::new("");
    for behaviour in [
        "exit 1",
        "exit 0",
        "echo half > \"$out\"; exit 1",
        ": > \"$out\"",
        "kill -9 $$",
        "mkdir \"$out.d\"; rmdir \"$out.d\"",
    ] {
        bench.does(behaviour);
        assert_eq!(still(&bench), None, "{behaviour}");
        assert!(matches!(convert(&bench), Conversion::Refused(_)), "{behaviour}");
        assert!(is_refused(&picture(&bench, &fixture("grid.heic"))), "{behaviour}");
        assert_eq!(bench.left(), 0, "{behaviour}");
    }
}

#[test]
fn s_106_what_a_program_makes_is_treated_like_a_strangers_file() {
    let bench = Bench::new("echo '<script>alert(1)</script>' > \"$out\"");
    let preview = || {
        let input = fixture("still.mp4");
        bench.media.still_preview(&input, Container::Mp4, &bench.output(), 1_000_000).unwrap()
    };
    assert!(preview().is_none());
    assert!(is_refused(&picture(&bench, &fixture("grid.heic"))));
    assert_eq!(bench.left(), 0);
    // a picture with something behind it
    bench.does("cat \"$here/picture\" > \"$out\"; echo '<script>' >> \"$out\"");
    let made = preview().unwrap();
    assert_eq!((made.full.width, made.full.height), (128, 128));
    assert!(made.blurhash.is_some());
    let full = bench.output().with_extension("full");
    let bytes = std::fs::read(&full).unwrap();
    assert!(!bytes.windows(8).any(|part| part == b"<script>"));
    std::fs::remove_file(full).unwrap();
    assert!(matches!(picture(&bench, &fixture("grid.heic")), Outcome::Made(_)));
    assert_eq!(bench.left(), 0);
}

#[test]
fn one_tile_of_a_photo_is_not_the_photo() {
    // as ffmpeg up to 8.0 does
    let bench = Bench::new("cp \"$here/probe\" \"$out\"");
    match picture(&bench, &fixture("grid.heic")) {
        Outcome::Refused(sentence) => assert!(sentence.contains("parts"), "{sentence}"),
        other => panic!("{other:?}"),
    }
    // several pictures in a file are written with numbers: the one of the right size is it
    bench.does(
        "cp \"$here/probe\" \"${out%.jpg}-1.jpg\"; cp \"$here/picture\" \"${out%.jpg}-2.jpg\"",
    );
    match picture(&bench, &fixture("grid.heic")) {
        Outcome::Made(made) => assert_eq!((made.full.width, made.full.height), (128, 128)),
        refused => panic!("{refused:?}"),
    }
    assert_eq!(bench.left(), 0);
}

#[test]
fn s_107_pictures_have_their_limits_before_a_program_runs() {
    let bench = Bench::new(WORKS);
    let mut huge = std::fs::read(fixture("grid.heic")).unwrap();
    let at = huge.windows(8).position(|part| part == b"\0\0\0\x80\0\0\0\x80").unwrap();
    huge[at..at + 8].copy_from_slice(b"\0\0\x40\0\0\0\x40\0");
    let path = bench.folder.path().join("huge.heic");
    std::fs::write(&path, &huge).unwrap();
    assert!(is_refused(&picture(&bench, &path)));
    // tiles count as well
    let mut tile = std::fs::read(fixture("grid.heic")).unwrap();
    let at = tile.windows(8).position(|part| part == b"\0\0\0\x40\0\0\0\x40").unwrap();
    tile[at..at + 4].copy_from_slice(b"\0\x01\0\0");
    std::fs::write(&path, &tile).unwrap();
    assert!(is_refused(&picture(&bench, &path)));
    for end in [12, 30, 100, 300] {
        std::fs::write(&path, &std::fs::read(fixture("grid.heic")).unwrap()[..end]).unwrap();
        assert!(is_refused(&picture(&bench, &path)));
    }
    assert!(bench.runs().is_empty(), "{:?}", bench.runs());
}

#[test]
fn s_108_playlists_reach_no_program() {
    let bench = Bench::new(WORKS);
    let path = bench.folder.path().join("video.mp4");
    for playlist in [
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nhttp://127.0.0.1/\n#EXTINF:10.0,\n\
         file:///etc/passwd\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "<?xml version=\"1.0\"?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>",
        "",
    ] {
        std::fs::write(&path, playlist).unwrap();
        for container in [Container::Mp4, Container::WebM] {
            let made = bench.media.still(&path, container, &bench.output()).unwrap();
            assert_eq!(made, None, "{playlist}");
            let (input, output) = (path.as_path(), bench.output());
            let output = output.as_path();
            let video = Video { input, container, output, duration: 1.0, max_bytes: 1 << 20 };
            let made = bench.media.convert_video(&video).unwrap();
            assert!(matches!(made, Conversion::Refused(_)), "{playlist}");
        }
        assert!(is_refused(&picture(&bench, &path)), "{playlist}");
    }
    assert!(bench.runs().is_empty());
}

#[test]
fn a_stop_ends_what_runs() {
    let bench = Bench::new("sleep 1000");
    bench.media.look_for_tools();
    let since = Instant::now();
    std::thread::scope(|scope| {
        let work = scope
            .spawn(|| bench.media.still(&fixture("still.mp4"), Container::Mp4, &bench.output()));
        eventually("it runs", || (!bench.runs().is_empty()).then_some(()));
        bench.media.stop();
        assert!(matches!(work.join().unwrap(), Err(Error::Unavailable { .. })));
    });
    assert!(since.elapsed() < Duration::from_secs(10));
    assert_eq!(bench.left(), 0);
}

#[test]
fn without_programs_kinds_are_neither_offered_nor_taken() {
    let missing = || Program::At("/nowhere/ffmpeg".into());
    for (ffmpeg, heif) in [(Program::Never, Program::Never), (missing(), missing())] {
        let bench = Bench::with(ffmpeg, heif);
        assert_eq!(bench.media.accepted_types(), format::media_types());
        assert_eq!(still(&bench), None);
        assert!(!bench.media.converts_video());
        match convert(&bench) {
            Conversion::Refused(sentence) => assert!(sentence.contains("H.264"), "{sentence}"),
            Conversion::Done => panic!("by what?"),
        }
        assert!(is_refused(&picture(&bench, &fixture("grid.heic"))));
        let head = std::fs::read(fixture("grid.heic")).unwrap();
        let refused = bench.media.check_kind(&head[..64], Format::TAKEN).unwrap_err();
        assert!(refused.contains("HEIC") && refused.contains("image/jpeg"), "{refused}");
    }
    // something else that is called so
    let bench = Bench::with(Program::At("/bin/true".into()), Program::At("/bin/true".into()));
    assert!(!bench.media.converts_video() && !bench.media.reads(Kind::Heic));
}

#[test]
fn a_video_that_cannot_fit_is_not_begun() {
    let bench = Bench::new(WORKS);
    let (input, output) = (fixture("telephone.mov"), bench.output());
    let (input, output) = (input.as_path(), output.as_path());
    let container = Container::Mp4;
    let video = Video { input, container, output, duration: 3600.0, max_bytes: 1 << 20 };
    assert!(matches!(bench.media.convert_video(&video).unwrap(), Conversion::Refused(_)));
    assert!(bench.runs().is_empty());
}
