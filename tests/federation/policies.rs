//! Who may favourite, answer and boost what (checklist section S): asking authors elsewhere,
//! being asked, proofs, and what waits showing to nobody.

use serde_json::{Value, json};

use crate::api::{follow_peer, id, ids};
use crate::support::{Instance, Peer, Person, Request, eventually, texts};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

pub(super) fn received(peer: &Peer, kind: &str) -> Vec<Value> {
    peer.received().into_iter().filter(|activity| activity["type"] == kind).collect()
}

#[track_caller]
pub(super) fn arrives(peer: &Peer, kind: &str) -> Value {
    eventually(&format!("a {kind} arrives"), || received(peer, kind).pop())
}

#[track_caller]
pub(super) fn send(instance: &Instance, peer: &Peer, name: &str, mut activity: Value) {
    activity["@context"] = json!(CONTEXT);
    activity["actor"] = json!(peer.uri(name));
    let answer = peer.send(name, &format!("{}/inbox", instance.base), &activity);
    assert_eq!(answer.status, 202, "{}", answer.text());
}

pub(super) fn status(person: &Person, id: &str) -> Value {
    person.get(&format!("/api/v1/statuses/{id}"))
}

pub(super) fn sees(person: &Person, id: &str) -> bool {
    person.request("GET", &format!("/api/v1/statuses/{id}")).send().status == 200
}

pub(super) fn below(person: &Person, id: &str) -> Vec<String> {
    texts(&person.get(&format!("/api/v1/statuses/{id}/context"))["descendants"])
}

/// A local status that asks before somebody does one thing.
pub(super) fn asking(person: &Person, what: &str) -> Value {
    let rule = json!({"always": ["author"], "with_approval": ["public"]});
    person.post("/api/v1/statuses", json!({"status": "ask me", "interaction_policy": {what: rule}}))
}

/// Ann follows Otto of another server, who posts with a policy; Mia follows Ann from a third.
pub(super) struct Scene {
    pub instance: Instance,
    pub ann: Person,
    pub carl: Person,
    pub otto: Peer,
    mia: Peer,
}

impl Scene {
    pub fn new() -> Self {
        let instance = Instance::start();
        let (ann, carl) = (instance.person("ann"), instance.person("carl"));
        let (otto, mia) = (Peer::start(&["otto"]), Peer::start(&["mia"]));
        follow_peer(&instance, &ann, &otto, "otto");
        let follow = json!({"id": mia.at("/follows/1"), "type": "Follow", "object": ann.uri});
        send(&instance, &mia, "mia", follow);
        arrives(&mia, "Accept");
        Self { instance, ann, carl, otto, mia }
    }

    /// A post of Otto's, with more members; its id here.
    pub fn post(&self, number: u32, extra: Value) -> String {
        let create = self.otto.create("otto", number, &format!("<p>post {number}</p>"), extra);
        send(&self.instance, &self.otto, "otto", create);
        let uri = self.otto.at(&format!("/notes/{number}"));
        id(&eventually("it arrives", || self.ann.finds_status(&uri)))
    }

    fn uri(&self, number: u32) -> String {
        self.otto.at(&format!("/notes/{number}"))
    }

    fn answer(&self, kind: &str, number: u32, object: Value, result: Option<&str>) {
        let mut answer = json!({"id": self.otto.at(&format!("/answers/{number}")), "type": kind,
            "object": object, "to": [self.ann.uri]});
        if let Some(result) = result {
            answer["result"] = json!(self.otto.at(result));
        }
        send(&self.instance, &self.otto, "otto", answer);
    }
}

/// Everything by consent, told in the words of a version.
pub(super) fn manual(new: bool) -> Value {
    let rule = match new {
        true => json!({"automaticApproval": [], "manualApproval": [PUBLIC]}),
        false => json!({"always": [], "approvalRequired": PUBLIC}),
    };
    json!({"interactionPolicy": {"canLike": rule, "canReply": rule, "canAnnounce": rule}})
}

#[test]
fn f_330_f_331_f_332_f_337_what_a_policy_forbids_is_refused_with_a_sentence() {
    let scene = Scene::new();
    let otto = scene.otto.uri("otto");
    let nobody = json!({"automaticApproval": otto});
    let closed = scene.post(
        1,
        json!({"interactionPolicy": {"canLike": nobody, "canReply": nobody, "canAnnounce": nobody}}),
    );
    let refused = |path: &str, body: Value| {
        let answer = scene.ann.request("POST", path).json(&body).send();
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert!(answer.json()["error"].as_str().unwrap().contains("does not let you"));
    };
    refused(&format!("/api/v1/statuses/{closed}/favourite"), json!({}));
    refused(&format!("/api/v1/statuses/{closed}/reblog"), json!({}));
    refused("/api/v1/statuses", json!({"status": "but", "in_reply_to_id": closed}));
    // hints of others, missing and empty ones
    let hint = scene.post(2, json!({"commentsEnabled": false}));
    refused("/api/v1/statuses", json!({"status": "but", "in_reply_to_id": hint}));
    scene.ann.post(&format!("/api/v1/statuses/{hint}/favourite"), json!({}));
    let pixelfed = json!({"capabilities": {"announce": PUBLIC, "like": PUBLIC, "reply": "[]"}});
    let pixelfed = scene.post(3, pixelfed);
    refused("/api/v1/statuses", json!({"status": "but", "in_reply_to_id": pixelfed}));
    let empty = scene.post(4, json!({"interactionPolicy": {"canReply": {}, "canLike": null}}));
    assert!(status(&scene.ann, &empty)["interaction_policy"].is_null());
    scene.ann.post("/api/v1/statuses", json!({"status": "yes", "in_reply_to_id": empty}));
    // an actor's own entry is more specific than any collection; whom the post names may answer
    let specific = json!({"interactionPolicy": {
        "canLike": {"always": [PUBLIC, scene.carl.uri], "approvalRequired": [scene.ann.uri]},
        "canReply": {"always": []},
    }, "to": [PUBLIC, scene.ann.uri],
       "tag": [{"type": "Mention", "href": scene.ann.uri, "name": "@ann"}]});
    let specific = scene.post(5, specific);
    scene.ann.post("/api/v1/statuses", json!({"status": "named", "in_reply_to_id": specific}));
    scene.ann.post(&format!("/api/v1/statuses/{specific}/favourite"), json!({}));
    assert_eq!(status(&scene.carl, &specific)["favourites_count"], 0, "ann is asked about");
    scene.carl.post(&format!("/api/v1/statuses/{specific}/favourite"), json!({}));
    assert_eq!(status(&scene.carl, &specific)["favourites_count"], 1);
    let path = "/api/v1/statuses";
    let body = json!({"status": "unnamed", "in_reply_to_id": specific});
    assert_eq!(scene.carl.request("POST", path).json(&body).send().status, 403);
}

#[test]
fn f_158_f_332_f_333_a_reply_goes_to_its_author_alone_until_there_is_a_proof() {
    let scene = Scene::new();
    for (number, new) in [(1, true), (2, false)] {
        let parent = scene.post(number, manual(new));
        let text = format!("reply {number}");
        let reply = json!({"status": text, "in_reply_to_id": parent});
        let reply = scene.ann.post("/api/v1/statuses", reply);
        let (here, uri) = (id(&reply), reply["uri"].as_str().unwrap().to_owned());
        scene.instance.settle();
        let kind = if new { "ReplyRequest" } else { "Create" };
        let mut asked = received(&scene.otto, kind);
        // the first one came again, with its proof
        asked.retain(|one| !one.to_string().contains("/proofs/"));
        assert_eq!(asked.len(), 1, "{asked:?}");
        let (asked, note) = match new {
            true => (asked[0].clone(), asked[0]["instrument"].clone()),
            false => (json!(uri), asked[0]["object"].clone()),
        };
        assert_eq!(note["id"], json!(uri));
        assert_eq!(note["inReplyTo"], json!(scene.uri(number)));
        assert!(received(&scene.mia, "Create").len() < number as usize, "nobody else has it");
        // hidden here, and at its address
        assert!(sees(&scene.ann, &here) && !sees(&scene.carl, &here));
        assert!(below(&scene.carl, &parent).is_empty());
        assert_eq!(status(&scene.carl, &parent)["replies_count"], 0);
        assert_eq!(scene.instance.activity(&uri).status, 404);
        assert_eq!(scene.otto.get_signed("otto", &uri).status, 200, "who is asked may read it");
        // an edit, too, goes nowhere else
        let path = format!("/api/v1/statuses/{here}");
        scene.ann.request("PUT", &path).json(&json!({"status": text.clone() + "!"})).send().ok();
        scene.instance.settle();
        assert!(received(&scene.mia, "Update").is_empty());
        // others cannot agree, nor can a proof from elsewhere
        let accept = json!({"id": scene.mia.at(&format!("/a/{number}")), "type": "Accept",
            "object": asked, "result": scene.mia.at("/proofs/1")});
        send(&scene.instance, &scene.mia, "mia", accept.clone());
        let mut elsewhere = accept;
        elsewhere["id"] = json!(scene.otto.at(&format!("/a/{number}")));
        send(&scene.instance, &scene.otto, "otto", elsewhere);
        scene.instance.settle();
        assert!(!sees(&scene.carl, &here));
        scene.answer("Accept", number, asked, Some("/proofs/2"));
        let create = eventually("it is sent to all", || {
            received(&scene.mia, "Create").into_iter().find(|a| a["object"]["id"] == json!(uri))
        });
        assert_eq!(create["object"]["approvedBy"], json!(scene.otto.at("/proofs/2")));
        assert_eq!(create["object"]["replyAuthorization"], json!(scene.otto.at("/proofs/2")));
        assert_eq!(below(&scene.carl, &parent), [text + "!"]);
        assert_eq!(status(&scene.carl, &parent)["replies_count"], 1);
        assert_eq!(scene.instance.activity(&uri).status, 200);
    }
}

#[test]
fn f_172_f_335_a_rejected_or_revoked_interaction_goes_and_is_not_tried_again() {
    let scene = Scene::new();
    let post = scene.post(1, manual(true));
    let reply = json!({"status": "no?", "in_reply_to_id": post});
    let reply = scene.ann.post("/api/v1/statuses", reply);
    let request = arrives(&scene.otto, "ReplyRequest");
    // a stranger's word is nothing
    let reject = json!({"id": scene.mia.at("/r/1"), "type": "Reject", "object": reply["uri"]});
    send(&scene.instance, &scene.mia, "mia", reject);
    scene.answer("Reject", 1, request, None);
    scene.instance.settle();
    assert!(sees(&scene.ann, &id(&reply)) && !sees(&scene.carl, &id(&reply)));
    let more = json!({"status": "more", "in_reply_to_id": id(&reply)});
    assert_eq!(scene.ann.request("POST", "/api/v1/statuses").json(&more).send().status, 403);
    scene.ann.delete(&format!("/api/v1/statuses/{}", id(&reply)));
    scene.instance.settle();
    assert!(received(&scene.mia, "Create").is_empty() && received(&scene.mia, "Delete").is_empty());
    // a favourite: asked for, agreed to, taken back
    let like = format!("/api/v1/statuses/{post}/favourite");
    assert_eq!(scene.ann.post(&like, json!({}))["favourited"], true);
    let request = arrives(&scene.otto, "LikeRequest");
    assert_eq!(request["instrument"]["type"], "Like");
    assert_eq!(status(&scene.carl, &post)["favourites_count"], 0);
    let who = format!("/api/v1/statuses/{post}/favourited_by");
    assert!(ids(&scene.carl.get(&who)).is_empty());
    scene.answer("Accept", 2, request["instrument"]["id"].clone(), Some("/proofs/3"));
    let like = arrives(&scene.otto, "Like");
    assert_eq!(like["id"], request["instrument"]["id"]);
    assert_eq!(like["likeAuthorization"], json!(scene.otto.at("/proofs/3")));
    assert_eq!(status(&scene.carl, &post)["favourites_count"], 1);
    let delete = json!({"id": scene.otto.at("/proofs/3#delete"), "type": "Delete",
        "object": scene.otto.at("/proofs/3")});
    send(&scene.instance, &scene.otto, "otto", delete);
    eventually("it is taken back", || {
        (status(&scene.ann, &post)["favourited"] == false).then_some(())
    });
    assert_eq!(status(&scene.carl, &post)["favourites_count"], 0);
    let again = scene.ann.request("POST", &format!("/api/v1/statuses/{post}/favourite"));
    assert_eq!(again.send().status, 403);
    // a boost: sent to its author alone, then to all
    let boost = scene.ann.post(&format!("/api/v1/statuses/{post}/reblog"), json!({}));
    let request = arrives(&scene.otto, "AnnounceRequest");
    assert_eq!(status(&scene.carl, &post)["reblogs_count"], 0);
    assert!(!sees(&scene.carl, &id(&boost)) && received(&scene.mia, "Announce").is_empty());
    let path = format!("/api/v1/statuses/{post}/reblogged_by");
    assert!(ids(&scene.carl.get(&path)).is_empty());
    scene.answer("Accept", 3, request, Some("/proofs/4"));
    let announce = arrives(&scene.mia, "Announce");
    assert_eq!(announce["approvedBy"], json!(scene.otto.at("/proofs/4")));
    assert_eq!(status(&scene.carl, &post)["reblogs_count"], 1);
    // what was free when it was done can be refused all the same
    let free = scene.post(2, json!({}));
    let reply = json!({"status": "free", "in_reply_to_id": free});
    let reply = scene.ann.post("/api/v1/statuses", reply);
    assert!(sees(&scene.carl, &id(&reply)));
    scene.answer("Reject", 4, reply["uri"].clone(), None);
    eventually("it is hidden", || (!sees(&scene.carl, &id(&reply))).then_some(()));
}

#[test]
fn f_336_what_waits_for_an_author_here_shows_to_nobody_else() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, carl, bob) = (a.person("ann"), a.person("carl"), b.person("bob"));
    carl.follows(&bob.handle());
    bob.follows(&ann.handle());
    let post = asking(&ann, "can_reply");
    let uri = post["uri"].as_str().unwrap();
    let told = a.activity(uri).json()["interactionPolicy"].clone();
    assert_eq!(told["canReply"]["automaticApproval"], json!([ann.uri]));
    assert_eq!(told["canReply"]["manualApproval"], json!([PUBLIC]));
    assert_eq!(told["canLike"]["automaticApproval"], json!([PUBLIC]));
    let there = id(&eventually("it arrives", || bob.finds_status(uri)));
    assert_eq!(
        status(&bob, &there)["interaction_policy"]["can_reply"]["with_approval"][0],
        "public"
    );
    let reply = json!({"status": "@carl@localhost may I", "in_reply_to_id": there});
    let reply = bob.post("/api/v1/statuses", reply);
    let requests = || ann.get("/api/v1/interaction_requests");
    let request =
        eventually("ann is asked", || Some(requests()[0].clone()).filter(|r| !r.is_null()));
    assert_eq!((&request["type"], &request["status"]["id"]), (&json!("reply"), &post["id"]));
    assert_eq!(request["reply"]["uri"], reply["uri"]);
    assert_eq!(request["account"]["acct"], json!(bob.handle()));
    let here = id(&request["reply"]);
    // whom it answers reads it; nobody else finds it anywhere
    assert!(sees(&ann, &here) && !sees(&carl, &here));
    assert!(below(&carl, &id(&post)).is_empty());
    assert!(!carl.home().iter().any(|text| text.contains("may I")));
    assert_eq!(status(&carl, &id(&post))["replies_count"], 0);
    assert!(carl.finds_status(reply["uri"].as_str().unwrap()).is_none());
    assert_eq!(a.get(&format!("/api/v1/statuses/{here}")).status, 404);
    let replies = a.activity(&format!("{uri}/replies?page=true")).json();
    assert_eq!(replies["items"], json!([]));
    assert!(carl.notifications().is_empty());
    // told to clients that know it alone
    assert!(ann.notifications().iter().all(|(kind, _)| kind == "follow"));
    let told = ann.get("/api/v1/notifications?types[]=pending.reply");
    assert_eq!(told[0]["status"]["id"], json!(here));
    // others have no say
    let path = format!("/api/v1/interaction_requests/{}", id(&request));
    for (method, path) in [("GET", path.clone()), ("POST", path.clone() + "/authorize")] {
        assert_eq!(carl.request(method, &path).send().status, 404);
    }
    let done = ann.post(&format!("{path}/authorize"), json!({}));
    assert!(done["accepted_at"].is_string() && done["uri"].is_string());
    assert_eq!(below(&carl, &id(&post)).len(), 1);
    assert_eq!(status(&carl, &id(&post))["replies_count"], 1);
    assert_eq!(requests(), json!([]));
    assert_eq!(ann.get("/api/v1/notifications?types[]=pending.reply"), json!([]));
    let note = eventually("bob has the proof", || {
        let answer = b.activity(reply["uri"].as_str().unwrap());
        (answer.status == 200).then(|| answer.json())
    });
    let proof = note["approvedBy"].as_str().unwrap().to_owned();
    assert!(proof.starts_with(&ann.uri), "{proof}");
    let document = a.activity(&proof).json();
    assert_eq!(document["type"], "ReplyAuthorization");
    assert_eq!((&document["interactionTarget"], &document["target"]), (&json!(uri), &json!(uri)));
    assert_eq!(document["interactingObject"], reply["uri"]);
    assert_eq!(document["attributedTo"], json!(ann.uri));
    assert_eq!(ann.request("POST", &format!("{path}/authorize")).send().status, 404);
    // and taken back
    ann.post(&format!("{path}/reject"), json!({}));
    assert_eq!(a.activity(&proof).status, 404);
    assert!(!sees(&carl, &here));
    assert_eq!(status(&carl, &id(&post))["replies_count"], 0);
    let dora = b.person("dora");
    eventually("it is hidden there", || (!sees(&dora, &id(&reply))).then_some(()));
    assert!(sees(&bob, &id(&reply)));
}

#[test]
fn f_336_likes_and_boosts_from_elsewhere_wait_and_so_do_those_of_neighbours() {
    let instance = Instance::start();
    let (ann, carl) = (instance.person("ann"), instance.person("carl"));
    let peer = Peer::start(&["mia", "otto"]);
    let rule = json!({"automatic_approval": ["followers"], "manual_approval": ["public"]});
    let policy = json!({"can_favourite": rule, "can_reblog": rule,
        "can_reply": {"automatic_approval": [], "manual_approval": []}});
    let post = ann.post("/api/v1/statuses", json!({"status": "x", "interaction_policy": policy}));
    let (here, uri) = (id(&post), post["uri"].clone());
    let counts = || {
        let shown = status(&carl, &here);
        (shown["favourites_count"].clone(), shown["reblogs_count"].clone())
    };
    let like = json!({"id": peer.at("/likes/1"), "type": "Like", "object": uri});
    let boost = json!({"id": peer.at("/boosts/1"), "type": "Announce", "object": uri,
        "to": [PUBLIC], "approvedBy": null});
    send(&instance, &peer, "mia", like.clone());
    send(&instance, &peer, "mia", boost);
    carl.post(&format!("/api/v1/statuses/{here}/favourite"), json!({}));
    instance.settle();
    let asked = ann.get("/api/v1/interaction_requests");
    assert_eq!(asked.as_array().unwrap().len(), 3, "{asked}");
    assert_eq!(counts(), (json!(0), json!(0)));
    for path in ["favourited_by", "reblogged_by"] {
        assert!(ids(&ann.get(&format!("/api/v1/statuses/{here}/{path}"))).is_empty());
    }
    let only = ann.get("/api/v1/interaction_requests?favourites=false&replies=false");
    assert_eq!(ids(&only).len(), 1);
    let none = "/api/v1/interaction_requests?favourites=false&replies=false&reblogs=false";
    assert_eq!(ann.request("GET", none).send().status, 400);
    // agreed to, refused, taken back by itself
    for request in asked.as_array().unwrap() {
        let carls = request["account"]["acct"] == "carl";
        let word = if carls { "reject" } else { "authorize" };
        ann.post(&format!("/api/v1/interaction_requests/{}/{word}", id(request)), json!({}));
    }
    assert_eq!(counts(), (json!(1), json!(1)));
    assert_eq!(status(&carl, &here)["favourited"], false);
    let told: Vec<String> = ann.notifications().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(told, ["favourite", "reblog"], "the newest request was agreed to first");
    let accepts = eventually("both are answered", || {
        Some(received(&peer, "Accept")).filter(|all| all.len() == 2)
    });
    let accept = accepts.iter().find(|a| a["object"] == json!(peer.at("/likes/1"))).unwrap();
    assert_eq!((&accept["target"], &accept["actor"]), (&uri, &json!(ann.uri)));
    let proof = instance.activity(accept["result"].as_str().unwrap()).json();
    assert_eq!(proof["type"], "LikeAuthorization");
    // an Undo takes the proof along
    let undo = json!({"id": peer.at("/undo/1"), "type": "Undo", "object": like});
    send(&instance, &peer, "mia", undo);
    instance.settle();
    assert_eq!(counts(), (json!(0), json!(1)));
    assert_eq!(instance.activity(accept["result"].as_str().unwrap()).status, 404);
    // a boost that claims a consent which was never given is dropped, and nobody is asked
    let boost = json!({"id": peer.at("/boosts/2"), "type": "Announce", "object": uri,
        "to": [PUBLIC], "approvedBy": format!("{}/interaction_authorizations/99", ann.uri)});
    send(&instance, &peer, "otto", boost);
    instance.settle();
    assert_eq!(counts(), (json!(0), json!(1)));
    assert_eq!(ann.get("/api/v1/interaction_requests"), json!([]));
    // a follower needs nobody's word, and gets the proof that others want to see
    send(
        &instance,
        &peer,
        "otto",
        json!({"id": peer.at("/f"), "type": "Follow", "object": ann.uri}),
    );
    send(
        &instance,
        &peer,
        "otto",
        json!({"id": peer.at("/likes/2"), "type": "Like", "object": uri}),
    );
    instance.settle();
    assert_eq!(counts(), (json!(1), json!(1)));
    let accept = received(&peer, "Accept").pop().unwrap();
    assert_eq!(accept["object"], json!(peer.at("/likes/2")));
    // what nobody may is refused, aloud
    let reply = peer.create("mia", 7, "<p>but</p>", json!({"inReplyTo": uri}));
    send(&instance, &peer, "mia", reply);
    let reject = arrives(&peer, "Reject");
    assert_eq!(reject["object"], json!(peer.at("/notes/7")));
    assert!(below(&ann, &here).is_empty() && below(&carl, &here).is_empty());
    assert_eq!(status(&ann, &here)["replies_count"], 0);
}

#[test]
fn f_200_f_201_f_333_requests_are_answered_and_never_with_silence() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "otto"]);
    let post = ann.writes("open", "public");
    let uri = post["uri"].clone();
    let counts = || {
        let shown = status(&ann, &id(&post));
        json!([shown["favourites_count"], shown["reblogs_count"], shown["replies_count"]])
    };
    let request = |number: u32, kind: &str, instrument: Value| {
        send(
            &instance,
            &peer,
            "mia",
            json!({"id": peer.at(&format!("/requests/{number}")), "type": kind, "object": uri,
                "instrument": instrument, "to": [ann.uri]}),
        );
        instance.settle();
    };
    let of = |kind: &str, number: u32, actor: &str| {
        json!({"id": peer.at(&format!("/things/{number}")), "type": kind, "actor": peer.uri(actor),
            "object": uri, "to": [PUBLIC]})
    };
    request(1, "LikeRequest", of("Like", 1, "mia"));
    request(2, "AnnounceRequest", of("Announce", 2, "mia"));
    let note = peer.create("mia", 3, "<p>hello</p>", json!({"inReplyTo": uri}))["object"].clone();
    request(3, "ReplyRequest", note.clone());
    let accepts = received(&peer, "Accept");
    assert_eq!(accepts.len(), 3, "{accepts:?}");
    for (accept, kind) in accepts.iter().zip(["Like", "Announce", "Reply"]) {
        assert_eq!(accept["object"]["type"], json!(format!("{kind}Request")));
        let proof = instance.activity(accept["result"].as_str().unwrap()).json();
        assert_eq!(proof["type"], json!(format!("{kind}Authorization")));
    }
    assert_eq!(counts(), json!([1, 1, 1]));
    // asked again: the same answer; nothing counts twice
    request(4, "ReplyRequest", note);
    assert_eq!(received(&peer, "Accept").len(), 4);
    assert_eq!(counts(), json!([1, 1, 1]));
    // another's interaction, another target, another server, no instrument: no effect
    request(5, "LikeRequest", of("Like", 5, "otto"));
    request(6, "LikeRequest", json!("https://elsewhere.example/likes/1"));
    request(7, "ReplyRequest", peer.create("mia", 8, "x", json!({}))["object"].clone());
    request(8, "AnnounceRequest", json!(null));
    request(9, "LikeRequest", of("Announce", 9, "mia"));
    assert_eq!(counts(), json!([1, 1, 1]));
    assert_eq!(received(&peer, "Accept").len(), 4);
    // what is not done here is refused
    let feature = json!({"id": peer.at("/requests/20"), "type": "FeatureRequest",
        "object": ann.uri, "instrument": peer.at("/lists/1")});
    send(&instance, &peer, "mia", feature);
    let reject = arrives(&peer, "Reject");
    assert_eq!(reject["object"]["id"], json!(peer.at("/requests/20")));
    assert_eq!(
        (&reject["object"]["type"], &reject["actor"]),
        (&json!("FeatureRequest"), &json!(ann.uri))
    );
    // a request that waits, by the policy
    let post = asking(&ann, "can_favourite");
    let like = json!({"id": peer.at("/things/30"), "type": "Like", "actor": peer.uri("mia"),
        "object": post["uri"]});
    let wants = json!({"id": peer.at("/requests/30"), "type": "LikeRequest",
        "object": post["uri"], "instrument": like});
    send(&instance, &peer, "mia", wants);
    let asked = eventually("ann is asked", || {
        Some(ann.get("/api/v1/interaction_requests")[0].clone()).filter(|one| !one.is_null())
    });
    assert_eq!(status(&ann, &id(&post))["favourites_count"], 0);
    ann.post(&format!("/api/v1/interaction_requests/{}/reject", id(&asked)), json!({}));
    let reject = eventually("it is refused", || {
        received(&peer, "Reject").into_iter().find(|r| r["object"]["type"] == "LikeRequest")
    });
    assert_eq!(reject["object"]["instrument"], json!(peer.at("/things/30")));
}

#[test]
fn f_334_s_042_between_others_a_proof_must_fit_and_a_bad_one_does_no_harm() {
    let scene = Scene::new();
    follow_peer(&scene.instance, &scene.ann, &scene.mia, "mia");
    let post = scene.post(1, manual(true));
    let (otto, target) = (scene.otto.uri("otto"), scene.uri(1));
    let reply = |number: u32| scene.mia.at(&format!("/notes/{number}"));
    let proof = |peer: &Peer, path: &str, kind: &str, object: &str, target: &str| {
        let document = json!({"@context": CONTEXT, "id": peer.at(path), "type": kind,
            "attributedTo": otto, "interactionTarget": target, "interactingObject": object});
        peer.serve(path, document);
        peer.at(path)
    };
    let answer = |number: u32, claim: Option<&str>| {
        let mut extra = json!({"inReplyTo": target});
        if let Some(claim) = claim {
            extra["approvedBy"] = json!(claim);
        }
        let create = scene.mia.create("mia", number, &format!("reply {number}"), extra);
        send(&scene.instance, &scene.mia, "mia", create.clone());
        scene.instance.settle();
        create
    };
    let kind = "ReplyAuthorization";
    answer(1, None);
    answer(2, Some(&proof(&scene.otto, "/p/2", kind, &reply(99), &target)));
    answer(3, Some(&proof(&scene.otto, "/p/3", kind, &reply(3), &reply(3))));
    answer(4, Some(&proof(&scene.otto, "/p/4", "LikeAuthorization", &reply(4), &target)));
    answer(5, Some(&proof(&scene.mia, "/p/5", kind, &reply(5), &target)));
    let mut create = answer(6, Some(&scene.otto.at("/p/6")));
    assert!(below(&scene.ann, &post).is_empty(), "{:?}", below(&scene.ann, &post));
    assert!(!scene.ann.home().iter().any(|text| text.starts_with("reply")));
    assert_eq!(status(&scene.ann, &post)["replies_count"], 0);
    // a good one after a bad one
    let good = proof(&scene.otto, "/p/7", kind, &reply(2), &target);
    create["type"] = json!("Update");
    create["id"] = json!(scene.mia.at("/updates/1"));
    create["object"]["id"] = json!(reply(2));
    create["object"]["approvedBy"] = json!(good);
    create["object"]["content"] = json!("reply 2");
    send(&scene.instance, &scene.mia, "mia", create);
    eventually("it is shown", || (below(&scene.ann, &post) == ["reply 2"]).then_some(()));
    assert!(scene.ann.home().iter().any(|text| text == "reply 2"));
    // the author's own word is a proof, a stranger's is none
    let carl = json!({"id": scene.mia.at("/x"), "type": "Accept", "object": reply(3),
        "result": scene.mia.at("/p/5")});
    send(&scene.instance, &scene.mia, "mia", carl);
    scene.answer("Accept", 9, json!(reply(1)), Some("/p/1"));
    eventually("it is shown", || (below(&scene.ann, &post).len() == 2).then_some(()));
    // and it ends with it
    let delete = json!({"id": format!("{good}#delete"), "type": "Delete", "object": good});
    send(&scene.instance, &scene.otto, "otto", delete);
    eventually("it is hidden", || (below(&scene.ann, &post) == ["reply 1"]).then_some(()));
    // boosts
    let boost = |number: u32, claim: Value| {
        let uri = scene.mia.at(&format!("/boosts/{number}"));
        send(
            &scene.instance,
            &scene.mia,
            "mia",
            json!({"id": uri, "type": "Announce", "object": target, "to": [PUBLIC],
                "approvedBy": claim}),
        );
        scene.instance.settle();
        status(&scene.ann, &post)["reblogs_count"].clone()
    };
    let kind = "AnnounceAuthorization";
    assert_eq!(boost(1, Value::Null), 0);
    let of = |number: u32| scene.mia.at(&format!("/boosts/{number}"));
    assert_eq!(boost(2, json!(proof(&scene.otto, "/b/2", kind, &of(1), &target))), 0);
    assert_eq!(boost(3, json!(proof(&scene.otto, "/b/3", kind, &of(3), &target))), 1);
}

#[test]
fn f_336_replies_below_one_that_waits_wait_with_it() {
    let instance = Instance::start();
    let (ann, carl, dora) =
        (instance.person("ann"), instance.person("carl"), instance.person("dora"));
    let post = asking(&ann, "can_reply");
    let answers = |person: &Person, text: &str, to: &str| {
        id(&person.post("/api/v1/statuses", json!({"status": text, "in_reply_to_id": to})))
    };
    let first = answers(&carl, "first", &id(&post));
    let second = answers(&carl, "second", &first);
    assert!(!sees(&dora, &first) && !sees(&dora, &second));
    assert_eq!(below(&dora, &id(&post)), Vec::<String>::new());
    for (deed, status) in [("reblog", 403), ("pin", 422)] {
        let path = format!("/api/v1/statuses/{first}/{deed}");
        assert_eq!(carl.request("POST", &path).send().status, status, "{deed}");
    }
    let statuses = |who: &Person| {
        let account = dora.get(&format!("/api/v1/accounts/{}", who.id));
        account["statuses_count"].clone()
    };
    assert_eq!(statuses(&carl), 0);
    // whoever answers agrees to what it answers, and what is below comes out
    answers(&ann, "welcome", &first);
    assert_eq!(below(&dora, &id(&post)).len(), 3);
    assert_eq!(statuses(&carl), 2);
    assert_eq!(ann.get("/api/v1/interaction_requests"), json!([]));
    assert_eq!(status(&dora, &id(&post))["replies_count"], 1);
    let mentions = |person: &Person| person.notifications().len();
    assert!(mentions(&ann) <= 1);
}

#[test]
fn f_336_policies_are_set_as_in_gotosocial() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let path = "/api/v1/interaction_policies/defaults";
    let open = json!({"always": ["public"], "with_approval": [],
        "automatic_approval": ["public"], "manual_approval": []});
    let all = ann.get(path);
    for visibility in ["public", "unlisted", "private", "direct"] {
        assert_eq!(all[visibility]["can_reply"], open, "{visibility}");
    }
    let plain = ann.writes("open", "public");
    assert!(plain.get("interaction_policy").is_none());
    let form = [
        ("public[can_reply][always][0]", "followers"),
        ("public[can_reply][always][1]", "author"),
        ("public[can_reply][with_approval][0]", "public"),
    ];
    let set = ann.request("PATCH", path).form(&form).send().ok();
    let rules = &set["public"]["can_reply"];
    assert_eq!(rules["always"], json!(["followers", "author", "mentioned"]));
    assert_eq!(rules["manual_approval"], json!(["public"]));
    assert_eq!(set["unlisted"]["can_reply"], open);
    let post = ann.writes("closed", "public");
    assert_eq!(&post["interaction_policy"]["can_reply"], rules);
    assert!(ann.writes("quiet", "unlisted").get("interaction_policy").is_none());
    // its own word goes before, an edit may change it
    let rule = json!({"can_reblog": {"automatic_approval": ["me"]}});
    let own = json!({"status": "own", "interaction_policy": rule});
    let own = ann.post("/api/v1/statuses", own);
    assert_eq!(own["interaction_policy"]["can_reblog"]["always"], json!(["author"]));
    assert_eq!(own["interaction_policy"]["can_reply"], open);
    let path = format!("/api/v1/statuses/{}", id(&own));
    let wider = json!({"status": "own", "interaction_policy":
        {"can_reblog": {"automatic_approval": ["public"]}}});
    let edited = ann.request("PUT", &path).json(&wider).send().ok();
    assert!(edited.get("interaction_policy").is_none() && edited["edited_at"].is_null());
    let same = ann.request("PUT", &path).json(&json!({"status": "own again"})).send().ok();
    assert!(same["edited_at"].is_string());
    // nonsense is refused with the field's name
    for bad in [
        json!({"can_reply": {"always": ["friends"]}}),
        json!({"can_reply": "no"}),
        json!("x"),
        json!({"can_reply": {"always": vec!["public"; 60]}}),
    ] {
        let body = json!({"status": "x", "interaction_policy": bad});
        let answer = ann.request("POST", "/api/v1/statuses").json(&body).send();
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    let anonymous = format!("{}/api/v1/interaction_requests", instance.base);
    assert_eq!(Request::new("GET", anonymous).send().status, 401);
}
