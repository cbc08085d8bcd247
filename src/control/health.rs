//! `dassie status` and `dassie doctor`: what the process that works with the data folder sees.

use serde::{Deserialize, Serialize};

use super::command::{Reply, Secret};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::health::{self, Facts, Finding};

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub facts: Facts,
    pub findings: Vec<Finding>,
    /// What `/livez` knows a command of this machine by.
    pub probe: Secret,
    /// The name of an account here.
    pub person: Option<String>,
}

/// Looks; at the bucket of uploads too, if wanted, which takes a request.
pub(super) fn look(app: &App, with_bucket: bool) -> Result<Reply> {
    let mut findings = health::local(app)?;
    if with_bucket {
        findings.extend(health::bucket(app));
    }
    let people = app.db.read(db::account::list_local)?;
    let person = people.into_iter().find(|one| one.suspended_at.is_none());
    Ok(Reply::Health(Box::new(Health {
        facts: health::facts(app)?,
        findings,
        probe: Secret(app.probe.clone()),
        person: person.map(|one| one.username),
    })))
}
