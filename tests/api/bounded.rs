//! What a list costs does not grow with its length: the statements of every route that reads are
//! counted when it shows little and when it shows much.

use dassie::db;
use serde_json::{Value, json};

use super::{follow_peer, id, ids, scopes};
use crate::support::{Instance, Peer, Person, eventually};

/// How often everything happened at the first count, and at the second.
const FEW: usize = 3;
const MANY: usize = 9;
/// Two lengths of a page. What happens at one time fits on the shorter one, so that both have rows
/// of every kind.
const SHORT: usize = 8;
const LONG: usize = 16;

/// What other servers read page by page.
const COLLECTIONS: [&str; 5] = [
    "/users/ann/outbox?page=true",
    "/users/ann/followers?page=true",
    "/users/ann/following?page=true",
    "/users/ann/collections/featured?",
    "/users/ann/statuses/{id}/replies?page=true",
];

/// Everything of one sort once more, from `from` up to `to`.
struct World {
    instance: Instance,
    ann: Person,
    others: Vec<Person>,
    peer: Peer,
    /// A status of the reader's that all have to do with.
    status: String,
    list: String,
    filter: String,
    written: Vec<String>,
}

impl World {
    fn new() -> Self {
        let instance = Instance::start();
        let ann = instance.person("ann");
        let others: Vec<Person> = (0..MANY).map(|n| instance.person(&format!("p{n}"))).collect();
        let peer = Peer::start(&["mia"]);
        follow_peer(&instance, &ann, &peer, "mia");
        let status = id(&ann.writes("hello #hello", "public"));
        let list = id(&ann.post("/api/v1/lists", json!({"title": "l"})));
        let filter =
            json!({"title": "f", "context": ["home"], "keywords_attributes": [{"keyword": "x"}]});
        let filter = id(&ann.post("/api/v2/filters", filter));
        Self { instance, ann, others, peer, status, list, filter, written: Vec::new() }
    }

    fn grow(&mut self, from: usize, to: usize) {
        let ann = &self.ann;
        let send = |who: &Person, method: &'static str, path: &str, body: Value| {
            let answer = who.request(method, path).json(&body).send();
            assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
            answer.json()
        };
        for n in from..to {
            let other = &self.others[n];
            send(ann, "PATCH", "/api/v1/accounts/update_credentials", json!({"locked": false}));
            for deed in ["favourite", "reblog"] {
                send(other, "POST", &format!("/api/v1/statuses/{}/{deed}", self.status), json!({}));
            }
            send(other, "POST", &format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
            send(ann, "POST", &format!("/api/v1/accounts/{}/follow", other.id), json!({}));
            let members = json!({"account_ids": [other.id]});
            send(ann, "POST", &format!("/api/v1/lists/{}/accounts", self.list), members);
            let text = format!("hello @ann @p0 #hello #hello{n} https://a.example/{n}");
            let reply = json!({"status": text, "in_reply_to_id": self.status});
            send(other, "POST", "/api/v1/statuses", reply);
            let poll = json!({"options": ["a", "b"], "expires_in": 600});
            let new =
                send(other, "POST", "/api/v1/statuses", json!({"status": text, "poll": poll}));
            let new = id(&new);
            for deed in ["favourite", "bookmark"] {
                send(ann, "POST", &format!("/api/v1/statuses/{new}/{deed}"), json!({}));
            }
            send(ann, "POST", &format!("/api/v1/polls/{new}/votes"), json!({"choices": [0]}));
            self.written.push(new);
            let own = id(&send(
                ann,
                "POST",
                "/api/v1/statuses",
                json!({"status": format!("mine {n} #hello")}),
            ));
            if n < 5 {
                send(ann, "POST", &format!("/api/v1/statuses/{own}/pin"), json!({}));
            }
            send(other, "POST", &format!("/api/v1/statuses/{own}/favourite"), json!({}));
            send(
                other,
                "POST",
                "/api/v1/statuses",
                json!({"status": "@ann psst", "visibility": "direct"}),
            );
            let edit = json!({"status": format!("hello #hello, the {n}th")});
            send(ann, "PUT", &format!("/api/v1/statuses/{}", self.status), edit);
            send(ann, "POST", "/api/v1/lists", json!({"title": format!("l{n}")}));
            let filter = json!({
                "title": format!("f{n}"), "context": ["home"],
                "keywords_attributes": [{"keyword": format!("nothing{n}")}],
            });
            send(ann, "POST", "/api/v2/filters", filter);
            let path = format!("/api/v2/filters/{}", self.filter);
            send(ann, "POST", &format!("{path}/keywords"), json!({"keyword": format!("no{n}")}));
            send(ann, "POST", &format!("{path}/statuses"), json!({"status_id": self.written[n]}));
            send(ann, "POST", &format!("/api/v1/tags/hello{n}/follow"), json!({}));
            // whose notifications and requests are held back
            let stranger = self.instance.person(&format!("s{n}"));
            send(
                &stranger,
                "POST",
                "/api/v1/statuses",
                json!({"status": "@ann psst", "visibility": "direct"}),
            );
            send(ann, "PATCH", "/api/v1/accounts/update_credentials", json!({"locked": true}));
            send(&stranger, "POST", &format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
            for deed in ["mute", "block"] {
                let gone = self.instance.person(&format!("{deed}{n}"));
                send(ann, "POST", &format!("/api/v1/accounts/{}/{deed}", gone.id), json!({}));
            }
            let note = self.peer.create("mia", u32::try_from(n).unwrap(), "<p>hello from far</p>", json!({
                "tag": [{"type": "Hashtag", "name": "#hello"}],
                "attachment": [{"type": "Document", "mediaType": "image/png", "url": self.peer.at("/a.png")}],
            }));
            let inbox = format!("{}/inbox", self.instance.base);
            assert_eq!(self.peer.send("mia", &inbox, &note).status, 202);
            eventually("it is there", || {
                let remote = ann.get("/api/v1/timelines/public?remote=true&limit=40");
                (ids(&remote).len() == n + 1).then_some(())
            });
        }
    }

    /// A route with everything in its place that it may want.
    fn path(&self, route: &str) -> String {
        let key = self.ann.get("/api/v2/notifications?types[]=follow")["notification_groups"][0]
            ["group_key"]
            .as_str()
            .unwrap()
            .to_owned();
        let of = |rest: &str| ids(&self.ann.get(rest))[0].clone();
        let one = if route.contains("/v2/notifications/") {
            key
        } else if route.contains("/notifications/requests/") {
            of("/api/v1/notifications/requests")
        } else if route.contains("/notifications/") {
            of("/api/v1/notifications")
        } else if route.contains("/lists/") || route.contains("/timelines/list/") {
            self.list.clone()
        } else if route.contains("/filters/keywords") || route.contains("/v1/filters/") {
            id(&self.ann.get(&format!("/api/v2/filters/{}", self.filter))["keywords"][0])
        } else if route.contains("/filters/statuses") {
            id(&self.ann.get(&format!("/api/v2/filters/{}/statuses", self.filter))[0])
        } else if route.contains("/filters/") {
            self.filter.clone()
        } else if route.contains("/polls/") {
            self.written[0].clone()
        } else if route.contains("/accounts/") {
            if route.ends_with("/lists") { self.others[0].id.clone() } else { self.ann.id.clone() }
        } else {
            self.status.clone()
        };
        let mut query = "q=hello&acct=ann".to_owned();
        let many = if route.ends_with("/relationships") || route.ends_with("/v1/accounts") {
            self.others.iter().map(|other| other.id.clone()).collect()
        } else {
            self.written.clone()
        };
        // as many as there are by now
        many.iter().take(self.written.len()).for_each(|id| query.push_str(&format!("&id[]={id}")));
        let path = route.replace("{id}", &one).replace("{tag}", "hello");
        let mark = if path.contains('?') { "" } else { "?" };
        format!("{path}{mark}&{query}")
    }

    /// How many statements a GET runs, and how many things it shows. What runs beside it can only
    /// add to them.
    fn cost(&self, path: &str) -> (u64, usize) {
        let mut found = (u64::MAX, 0);
        for _ in 0..3 {
            let before = db::plan::runs();
            let answer = match path.starts_with("/users") {
                true => self.instance.activity(&format!("{}{path}", self.instance.base)),
                false => self.ann.request("GET", path).send(),
            };
            assert!(answer.status < 500, "{path}: {}", answer.text());
            let runs = db::plan::runs() - before;
            let shown = if answer.status == 200 { length(&answer.text()) } else { 0 };
            found = (found.0.min(runs), shown);
        }
        found
    }
}

/// The longest list in an answer.
fn length(text: &str) -> usize {
    let lists = |value: &Value| value.as_array().map_or(0, Vec::len);
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(map)) => map.values().map(lists).max().unwrap_or(0),
        Ok(value) => lists(&value),
        Err(_) => 0,
    }
}

#[test]
fn no_list_costs_more_statements_for_being_longer() {
    db::plan::record();
    let mut world = World::new();
    world.grow(0, FEW);
    let routes: Vec<String> = scopes::table()
        .into_iter()
        .filter(|route| route.method == "GET" && !route.path.contains("streaming"))
        .map(|route| route.path)
        .chain(COLLECTIONS.map(str::to_owned))
        .collect();
    let few: Vec<(u64, usize)> = routes.iter().map(|r| world.cost(&world.path(r))).collect();
    world.grow(FEW, MANY);
    let mut grown = 0;
    let mut faults = Vec::new();
    for (route, (few, shown)) in routes.iter().zip(few) {
        let path = world.path(route);
        // full pages: one that is not full looks further back
        let short = world.cost(&format!("{path}&limit={SHORT}"));
        let long = world.cost(&format!("{path}&limit={LONG}"));
        let whole = world.cost(&path);
        if short.1 < long.1 || shown < whole.1 {
            grown += 1;
        }
        for ((before, fewer), (after, more)) in [((few, shown), whole), (short, long)] {
            if fewer < more && before < after {
                faults.push(format!("{route}: {before} for {fewer}, {after} for {more}"));
            }
        }
    }
    assert!(faults.is_empty(), "more statements for more rows:\n{}", faults.join("\n"));
    assert!(grown >= 30, "only {grown} routes showed more");
}
