//! Proofs of consent to favourites, replies and boosts: ours are served, those of others are
//! checked (F-334, S-042).

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::activity::urls::same_host;
use crate::activity::{build, policy};
use crate::app::App;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Held, INSTANCE_ACTOR, InteractionKind, InteractionState, Job};
use crate::service::{interaction_in, visibility};

use super::process::{Step, Stop};
use super::{accept, actor, fetch, verify};

/// `GET /users/{name}/interaction_authorizations/{id}`: the proof, while its author stands by it,
/// for whoever may read the status that it is about.
pub async fn authorization(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let (name, id) = path.into_inner();
    let id = id::parse(&id).ok_or(Error::NotFound)?;
    let admitted = actor::admit(&app, &request).await?;
    let find = move |conn: &db::Conn, name: &str| -> Result<_> {
        let author = actor::find(conn, name)?.ok_or(Error::NotFound)?;
        let row = db::interaction::find(conn, id)?
            .filter(|row| row.owner_id == author.id && row.state == InteractionState::Accepted)
            .ok_or(Error::NotFound)?;
        let target = db::status::get(conn, row.target_id)?;
        Ok((author, row, target))
    };
    let open = app
        .read({
            let name = name.clone();
            move |conn| Ok(find(conn, &name)?.2.visibility.is_open())
        })
        .await?;
    let viewer = match open {
        true => 0,
        false => verify::reader(&app, &request).await.ok().flatten().ok_or(Error::NotFound)?.id,
    };
    let body = app
        .read(move |conn| {
            let (author, row, target) = find(conn, &name)?;
            admitted.check(conn, author.id)?;
            if !visibility::can_see(conn, viewer, &target)? {
                return Err(Error::NotFound);
            }
            let proof = row.authorization_uri.ok_or(Error::NotFound)?;
            let document = build::interaction_authorization(
                row.kind,
                &proof,
                &author.uri,
                &target.uri,
                &row.uri,
            );
            Ok((admitted, serde_json::to_vec(&document).map_err(Error::internal)?))
        })
        .await?;
    let (admitted, body) = body;
    Ok(if open { admitted.answer(&request, body) } else { accept::private_document(body) })
}

/// Reads the proof that a reply between others names. One that does not fit is forgotten; the
/// reply stays hidden until a good one comes.
pub fn verify(app: &App, job: &Job, online: bool) -> Step<bool> {
    let id = id::parse(&String::from_utf8_lossy(&job.payload)).ok_or(Stop::Drop("no reply"))?;
    let found = app.db.read(|conn| {
        let Some(reply) = db::status::find(conn, id)?.filter(|s| s.held == Held::Pending) else {
            return Ok(None);
        };
        let Some(parent) = reply.in_reply_to_id else { return Ok(None) };
        let parent = db::status::get(conn, parent)?;
        let author = db::account::get(conn, parent.account_id)?;
        Ok(Some((reply, parent, author)))
    })?;
    let Some((reply, parent, author)) = found else { return Ok(false) };
    let Some(proof) = reply.approval else { return Ok(false) };
    if parent.local || parent.held != Held::Free || !same_host(&proof, &author.uri) {
        return Err(Stop::Drop("the proof is on another server"));
    }
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    let document = fetch::document(app, &proof, INSTANCE_ACTOR)?;
    let kind = InteractionKind::Reply;
    let good = policy::is_proof(&document, kind, &author.uri, &parent.uri, &reply.uri);
    let (site, row) = (app.site.clone(), job.id);
    let effect = app.db.write(Lane::Background, move |tx| {
        if good {
            interaction_in::accept_proof(tx, &site, id, &proof)?;
        } else {
            interaction_in::drop_proof(tx, id, &proof)?;
        }
        db::job::remove(tx, row)
    });
    effect.wait()?;
    Ok(true)
}
