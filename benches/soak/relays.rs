//! What arrives: statuses of many authors by a relay, and those of whom the person follows.

use dassie::clock::wire_time;
use serde_json::{Value, json};

use crate::people::{AUTHORS, FOLLOWED, HOSTS, bytes_of, uri};
use crate::program::Program;
use crate::server::{Arriving, Order};
use crate::text::{self, Rng};
use crate::{Day, Res};

/// One of so many statuses is by somebody who is followed.
const OF_FOLLOWED: usize = 150;
/// How many are handed in at once.
const PORTION: usize = 128;
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// What makes statuses.
pub struct Relays {
    rng: Rng,
    number: usize,
}

impl Relays {
    pub fn new() -> Self {
        Self { rng: Rng::new(2026), number: 0 }
    }

    /// So many statuses arrive now.
    pub fn bring(
        &mut self,
        program: &mut Program,
        count: usize,
        now: i64,
        day: &mut Day,
    ) -> Res<()> {
        let mut left = count;
        while left > 0 {
            let portion = left.min(PORTION);
            let statuses = (0..portion).map(|_| self.status(now, day)).collect();
            program.tell::<()>(&Order::Arrive(statuses))?;
            left -= portion;
        }
        day.arrived += count;
        Ok(())
    }

    fn status(&mut self, now: i64, day: &mut Day) -> Arriving {
        let by_followed = self.rng.below(OF_FOLLOWED) == 0;
        let author = if by_followed { self.rng.below(FOLLOWED) } else { self.rng.skewed(AUTHORS) };
        self.number += 1;
        let number = self.number;
        let by = uri(author);
        let language = text::language(&mut self.rng);
        let length = 40 + self.rng.skewed(560);
        let content = format!("<p>{}</p>", text::plain(&mut self.rng, language, length));
        let pictures = if self.rng.percent(22) { 1 + self.rng.below(2) } else { 0 };
        let attachment: Vec<Value> = (0..pictures)
            .map(|n| {
                let url = format!("https://h{}.example/media/{number}-{n}.jpg", author % HOSTS);
                day.offered += bytes_of(&url);
                json!({
                    "type": "Document", "mediaType": "image/jpeg", "url": url, "width": 1600,
                    "height": 1200, "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
                })
            })
            .collect();
        let document = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": format!("{by}/statuses/{number}"),
            "type": "Note",
            "attributedTo": by,
            "to": [PUBLIC],
            "cc": [format!("{by}/followers")],
            "published": wire_time(now),
            "content": content,
            "contentMap": {language: content},
            "attachment": attachment,
        });
        Arriving { document, author, relayed: author >= FOLLOWED }
    }
}
