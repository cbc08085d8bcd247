//! Moving in: an archive of 10,000 posts as Mastodon writes it, taken in by a running server.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dassie::media::zip::{Part, Writer};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};

use crate::federation::{during, fresh};
use crate::load;
use crate::peers::Peers;
use crate::program;
use crate::seed::{Place, Seeded};
use crate::table::{Report, number};
use crate::text::{self, Rng};
use crate::{MB, Res};

const POSTS: usize = 10_000;
/// One post in so many has a photo.
const PHOTO_EVERY: usize = 50;
const PHOTO: (u32, u32) = (1_600, 1_200);
const ACTOR: &str = "https://old.example/users/ann";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// One Create in Mastodon's words.
fn entry(rng: &mut Rng, at: usize, photo: Option<&str>) -> Value {
    let language = text::language(rng);
    let words = text::plain(rng, language, 180);
    let tag = rng.pick(text::TAGS);
    let id = format!("{ACTOR}/statuses/{at}");
    let day = 1 + at * 27 / POSTS;
    let published =
        format!("20{:02}-05-{day:02}T{:02}:{:02}:00Z", 18 + at * 6 / POSTS, at % 24, at % 60);
    let parent = (at % 3 == 1).then(|| format!("{ACTOR}/statuses/{}", at - 1));
    let attachment = photo.map(|name| {
        json!([{"type": "Document", "mediaType": "image/jpeg", "name": words, "url": name,
            "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH", "focalPoint": [0.0, 0.0],
            "width": PHOTO.0, "height": PHOTO.1}])
    });
    json!({"id": format!("{id}/activity"), "type": "Create", "actor": ACTOR, "published": published,
        "to": [PUBLIC], "cc": [format!("{ACTOR}/followers")],
        "object": {"id": id, "type": "Note", "summary": null, "inReplyTo": parent,
            "published": published, "url": format!("https://old.example/@ann/{at}"),
            "attributedTo": ACTOR, "to": [PUBLIC], "cc": [format!("{ACTOR}/followers")],
            "sensitive": false, "atomUri": id, "inReplyToAtomUri": parent,
            "conversation": format!("tag:old.example,2018-05-01:objectId={at}:objectType=Conversation"),
            "content": format!("<p>{words} <a href=\"https://old.example/tags/{tag}\" class=\"mention hashtag\" rel=\"tag\">#<span>{tag}</span></a></p>"),
            "contentMap": {language: words}, "attachment": attachment.unwrap_or(json!([])),
            "tag": [{"type": "Hashtag", "href": format!("https://old.example/tags/{tag}"), "name": format!("#{tag}")}],
            "replies": {"id": format!("{id}/replies"), "type": "Collection",
                "first": {"type": "CollectionPage", "next": format!("{id}/replies?page=true"),
                    "partOf": format!("{id}/replies"), "items": []}}}})
}

fn write(folder: &Path, file: &Path) -> Res<()> {
    let mut rng = Rng::new(7);
    let mut zip = Writer::new(BufWriter::new(File::create(file)?));
    let actor = json!({"id": ACTOR, "type": "Person", "followers": format!("{ACTOR}/followers")});
    zip.add("actor.json", actor.to_string().as_bytes())?;
    let image = RgbImage::from_fn(PHOTO.0, PHOTO.1, |x, y| {
        let wave = |n: u32| u8::try_from((n * n / 90 + x * y / 400) % 256).unwrap_or(0);
        Rgb([wave(x), wave(y), wave(x + y)])
    });
    let mut photo = Vec::new();
    JpegEncoder::new_with_quality(&mut photo, 85).encode_image(&image)?;
    let mut outbox = Part::begin(folder, true)?;
    write!(
        outbox,
        "{{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"outbox.json\",\"type\":\"OrderedCollection\",\"totalItems\":{POSTS},\"orderedItems\":["
    )?;
    for at in 0..POSTS {
        let name = format!("media_attachments/files/109/{at}/original/{at:016x}.jpg");
        let has_photo = at % PHOTO_EVERY == 0;
        let path = format!("/{name}");
        let entry = entry(&mut rng, at, has_photo.then_some(path.as_str()));
        write!(outbox, "{}{entry}", if at > 0 { "," } else { "" })?;
        if has_photo {
            zip.add(&name, &photo)?;
        }
    }
    write!(outbox, "]}}")?;
    zip.add_part("outbox.json", outbox)?;
    zip.finish()?.flush()?;
    Ok(())
}

/// Runs a command to its end; how long it took, and the most memory that it had.
pub fn run(folder: &Path, args: &[&str]) -> Res<(Duration, f64, String)> {
    let since = Instant::now();
    let mut command = Command::new(program::file());
    command.args(args).arg("--config").arg(folder.join("bench.toml")).env_clear();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut peak = 0.0_f64;
    while child.try_wait()?.is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        peak = peak.max(kib.unwrap_or_default() * 1024.0);
        thread::sleep(Duration::from_millis(5));
    }
    let took = since.elapsed();
    let output = child.wait_with_output()?;
    let said = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(format!("{args:?}: {said}").into());
    }
    Ok((took, peak, said))
}

/// In, once more, out, and gone again.
pub fn measure(place: &Place, seeded: &Seeded, peers: &Peers, report: &mut Report) -> Res<()> {
    println!("an archive of {POSTS} posts, one in {PHOTO_EVERY} with a photo:");
    let (folder, program) = fresh(place, peers)?;
    let file = folder.join("archive.zip");
    write(&folder, &file)?;
    println!("  {} MB packed", number(fs::metadata(&file)?.len() as f64 / MB));
    let name = seeded.people.bob.name.clone();
    let path = file.display().to_string();
    let import = ["account", "import-archive", &name, &path];
    let (cpu, pictures) = (program.cpu()?, program.cpu_of_children()?);
    let mut first = None;
    let home = during(&program, seeded, || {
        first = Some(run(&folder, &import)?);
        Ok(())
    })?;
    let (took, peak, said) = first.ok_or("nothing ran")?;
    print!("{said}");
    let (cpu, pictures) = (program.cpu()? - cpu, program.cpu_of_children()? - pictures);
    let memory = program.memory()?;
    println!(
        "  {} ms CPU a post in the server, {} ms a photo in the processes that decode",
        number(cpu.as_secs_f64() * 1000.0 / POSTS as f64),
        number(pictures.as_secs_f64() * 1000.0 * PHOTO_EVERY as f64 / POSTS as f64)
    );
    report.add("archive of 10,000 posts, 200 photos: taken in", None, took.as_secs_f64(), "s");
    report.add("the same: most memory of the command", None, peak / MB, "MB");
    report.add("the same: most memory of the server", None, memory.peak / MB, "MB");
    report.add("home meanwhile, p99", None, load::ms(home.p99), "ms");
    let (took, _, said) = run(&folder, &import)?;
    print!("{said}");
    report.add("the same archive again: nothing to do", None, took.as_secs_f64(), "s");
    let out = folder.join("out.zip").display().to_string();
    let (took, peak, said) = run(&folder, &["account", "export", &name, "--to", &out])?;
    print!("{said}");
    report.add("the account written as an archive", None, took.as_secs_f64(), "s");
    report.add("the same: most memory of the command", None, peak / MB, "MB");
    let (took, _, said) = run(&folder, &["account", "remove-imported", &name, "--yes"])?;
    print!("{said}");
    report.add("what was taken in removed again", None, took.as_secs_f64(), "s");
    program.stop()?;
    Ok(())
}
