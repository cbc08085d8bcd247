//! What the layers above made of accounts, for as long as their rows stay as they are: the same few
//! hundred people stand on page after page. Which row changes SQLite itself tells, whatever
//! statement, trigger or cascade changes it, so that no way of changing one can be forgotten.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::lock;
use crate::error::Result;

/// Of how many accounts something is kept at the most, a few kilobytes each; full, it starts anew.
const MOST: usize = 512;

/// See the head of this file.
#[derive(Default)]
pub(super) struct Memo(Mutex<State>);

#[derive(Default)]
struct State {
    /// Accounts that the running transaction touched.
    touched: Vec<i64>,
    /// Counts the commits that touched one: what was read before one is not put in after it.
    age: u64,
    known: HashMap<i64, Vec<Arc<dyn Any + Send + Sync>>>,
}

impl Memo {
    /// Watches the connection that writes.
    pub(super) fn watch(self: &Arc<Self>, writer: &mut Connection) -> Result<()> {
        let memo = Arc::clone(self);
        writer.update_hook(Some(move |_, _: &str, table: &str, row| {
            if table == "account" {
                lock(&memo.0).touched.push(row);
            }
        }))?;
        Ok(())
    }

    /// After a commit, also one that failed: forgets those that it touched.
    pub(super) fn settle(&self) {
        let mut state = lock(&self.0);
        if state.touched.is_empty() {
            return;
        }
        state.age += 1;
        for id in std::mem::take(&mut state.touched) {
            state.known.remove(&id);
        }
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        lock(&self.0).known = HashMap::new();
    }

    pub(super) fn age(&self) -> u64 {
        lock(&self.0).age
    }

    /// What is kept of these accounts.
    pub(super) fn get<T: Send + Sync + 'static>(&self, ids: &[i64]) -> HashMap<i64, Arc<T>> {
        let state = lock(&self.0);
        let of = |id: &i64| {
            let mut made = state.known.get(id)?.iter();
            made.find_map(|one| Arc::downcast(Arc::clone(one)).ok())
        };
        ids.iter().filter_map(|id| Some((*id, of(id)?))).collect()
    }

    /// Keeps what was made in a snapshot that was begun at `age`.
    pub(super) fn put<T: Send + Sync + 'static>(&self, age: u64, made: &[(i64, Arc<T>)]) {
        let mut state = lock(&self.0);
        if state.age != age {
            return;
        }
        if state.known.len() + made.len() > MOST {
            state.known.clear();
        }
        for (id, one) in made.iter().take(MOST) {
            let of = state.known.entry(*id).or_default();
            // another reader may have been as quick
            if !of.iter().any(|other| other.is::<T>()) {
                of.push(Arc::<T>::clone(one));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(ids: impl Iterator<Item = i64>) -> Vec<(i64, Arc<String>)> {
        ids.map(|id| (id, Arc::new(id.to_string()))).collect()
    }

    fn kept(memo: &Memo, id: i64) -> bool {
        !memo.get::<String>(&[id]).is_empty()
    }

    #[test]
    fn what_is_made_of_a_row_is_kept_until_the_row_is_touched() {
        let memo = Arc::new(Memo::default());
        let mut sql = Connection::open_in_memory().unwrap();
        sql.execute_batch(
            "CREATE TABLE account (id INTEGER PRIMARY KEY, n INTEGER);
             CREATE TABLE other (id INTEGER PRIMARY KEY);
             CREATE TRIGGER counts AFTER INSERT ON other BEGIN
               UPDATE account SET n = n + 1 WHERE id = new.id; END;
             INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)",
        )
        .unwrap();
        memo.watch(&mut sql).unwrap();
        memo.put(memo.age(), &made(1..4));
        assert!(kept(&memo, 1) && memo.get::<u8>(&[1]).is_empty());
        // a trigger's change is one as well
        sql.execute_batch("INSERT INTO other VALUES (2), (9); DELETE FROM account WHERE id = 3")
            .unwrap();
        let before = memo.age();
        memo.settle();
        assert!(kept(&memo, 1) && !kept(&memo, 2) && !kept(&memo, 3));
        memo.put(before, &made(2..3));
        assert!(!kept(&memo, 2), "it was read before the row changed");
        memo.settle();
        memo.put(memo.age(), &made(2..3));
        assert!(kept(&memo, 2));
        memo.clear();
        assert!(!kept(&memo, 2));
    }

    #[test]
    fn it_is_bounded() {
        let memo = Memo::default();
        for from in (0..5000).step_by(60) {
            memo.put(0, &made(from..from + 60));
            assert!(kept(&memo, from) && lock(&memo.0).known.len() <= MOST);
        }
        memo.put(0, &made(0..5000));
        assert!(lock(&memo.0).known.len() <= MOST);
    }
}
