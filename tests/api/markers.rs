//! How far one has read.

use serde_json::json;

use crate::support::Instance;

#[test]
fn markers_are_kept_one_a_timeline_and_count_their_changes() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let path = "/api/v1/markers";
    assert_eq!(ann.get(&format!("{path}?timeline[]=home")), json!({}));
    let set = ann.post(path, json!({"home": {"last_read_id": "116000000000000001"}}));
    assert_eq!(set["home"]["last_read_id"], "116000000000000001");
    assert_eq!(set["home"]["version"], 1);
    assert!(set["home"]["updated_at"].as_str().unwrap().ends_with('Z'));
    assert!(set.get("notifications").is_none());
    let form = [("home[last_read_id]", "5"), ("notifications[last_read_id]", "7")];
    let set = ann.request("POST", path).form(&form).send().ok();
    assert_eq!((&set["home"]["version"], &set["notifications"]["version"]), (&json!(2), &json!(1)));
    let both = ann.get(&format!("{path}?timeline[]=home&timeline[]=notifications&timeline[]=x"));
    assert_eq!(both["home"]["last_read_id"], "5");
    assert_eq!(both["notifications"]["last_read_id"], "7");
    assert_eq!(ann.get(&format!("{path}?timeline[]=notifications")).as_object().unwrap().len(), 1);
    assert_eq!(bob.get(&format!("{path}?timeline[]=home")), json!({}), "S-082");
    assert_eq!(ann.request("POST", path).json(&json!({"home": 5})).send().status, 422);
}
