//! Commands about announcements and about other servers.

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::model::{Announcement, DomainBlock, Page, Severity};
use crate::service;
use crate::service::announcement::Draft;
use crate::service::domain::{Blocked, Change};

use super::command::{AnnouncementLine, DomainBlockLine, Reply};

/// More blocks than a list is read for.
const MOST_BLOCKS: usize = 100_000;

pub(super) fn announce(app: &App, draft: Draft) -> Result<Reply> {
    let site = app.site.clone();
    let write =
        app.db.write(Lane::Interactive, move |tx| service::announcement::create(tx, &site, draft));
    Ok(Reply::Announcements(vec![announcement_line(write.wait()?)]))
}

pub(super) fn list_announcements(app: &App) -> Result<Reply> {
    let found = app.db.read(db::announcement::list_all)?;
    Ok(Reply::Announcements(found.into_iter().map(announcement_line).collect()))
}

pub(super) fn delete_announcement(app: &App, id: i64) -> Result<Reply> {
    let write = app.db.write(Lane::Interactive, move |tx| {
        let one = db::announcement::get(tx, id)
            .map_err(|_| Error::Missing(format!("there is no announcement {id}").into()))?;
        service::announcement::delete(tx, id)?;
        Ok(one)
    });
    Ok(Reply::Announcements(vec![announcement_line(write.wait()?)]))
}

fn announcement_line(one: Announcement) -> AnnouncementLine {
    AnnouncementLine {
        id: one.id,
        text: one.text,
        starts_at: one.starts_at,
        ends_at: one.ends_at,
        created_at: one.created_at,
    }
}

pub(super) fn block_domain(
    app: &App,
    domain: String,
    severity: String,
    comment: Option<String>,
) -> Result<Reply> {
    let severity = Severity::parse(&severity)
        .ok_or_else(|| Error::invalid("the severity must be one of noop, silence and suspend"))?;
    let change = Change { severity: Some(severity), private_comment: comment, ..Change::default() };
    let site = app.site.clone();
    let write = app.db.write(Lane::Interactive, move |tx| {
        match service::domain::block(tx, &site, &domain, change.clone())? {
            Blocked::New(block) => Ok(block),
            Blocked::There(block) => service::domain::update(tx, block.id, change),
        }
    });
    Ok(Reply::DomainBlocks(vec![block_line(write.wait()?)]))
}

pub(super) fn unblock_domain(app: &App, domain: String) -> Result<Reply> {
    let site = app.site.clone();
    let write = app.db.write(Lane::Interactive, move |tx| {
        let domain = service::domain::normalize(&site, &domain)?;
        let block = db::domain::find_block(tx, &domain)?
            .ok_or_else(|| Error::Missing(format!("{domain} is not blocked").into()))?;
        service::domain::unblock(tx, block.id)?;
        Ok(block)
    });
    Ok(Reply::DomainBlocks(vec![block_line(write.wait()?)]))
}

pub(super) fn list_domain_blocks(app: &App) -> Result<Reply> {
    let found = app.db.read(|conn| db::domain::list_blocks(conn, &Page::newest(MOST_BLOCKS)))?;
    Ok(Reply::DomainBlocks(found.into_iter().map(block_line).collect()))
}

fn block_line(block: DomainBlock) -> DomainBlockLine {
    DomainBlockLine {
        domain: block.domain,
        severity: block.severity.as_str().to_owned(),
        comment: block.private_comment.unwrap_or_default(),
        created_at: block.created_at,
    }
}
