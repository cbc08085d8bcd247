//! Dassie: a personal fediverse server. `docs/architecture.md` has the map.
//!
//! Imports run downward only:
//!
//! - `cli` → `server` → `worker`, `control`
//! - → `api`, `oauth`, `federation`, `web`, `watch` (protocols in and out), over `http`
//! - → `lookup` (pages behind links), `health` (is all well?), `archive` (posts brought along)
//! - → `app` (the parts in one place), `cache`, `stream`
//! - → `service` (use cases: the one place of rules)
//! - → `db`, `client`, `media`, `throttle`, `in_flight`, `wake`, `meter`,
//!   `tls` (mechanisms)
//! - → `activity`, `signature`, `text`, `model`, `config`, `site`, … (ground: pure, no I/O)

pub mod activity;
pub mod api;
pub mod app;
pub mod archive;
pub mod cache;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod control;
pub mod crypto;
pub mod db;
pub mod error;
pub mod federation;
pub mod health;
pub mod http;
pub mod id;
pub mod in_flight;
pub mod log;
pub mod lookup;
pub mod media;
pub mod memory;
pub mod meter;
pub mod model;
pub mod oauth;
pub mod server;
pub mod service;
pub mod signature;
pub mod site;
pub mod stream;
pub mod text;
pub mod throttle;
pub mod tls;
pub mod wake;
pub mod watch;
pub mod web;
pub mod worker;
