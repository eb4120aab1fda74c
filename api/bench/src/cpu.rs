//! CPU time and memory of processes, from `/proc`: steadier than rates on a shared machine.

use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::process::Pid;

/// CPU time of a process, and of the children it has waited for.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    parent: i32,
    own: u64,
    children: u64,
}

/// CPU time of this process only.
pub(crate) fn of_process(pid: Pid) -> Duration {
    used(&pid.as_raw_pid().to_string()).map_or(Duration::ZERO, |used| duration(used.own))
}

/// CPU time of a process and all its children, ended ones included: a database server with its backends.
pub(crate) fn of_family(pid: Pid) -> Duration {
    let itself = used(&pid.as_raw_pid().to_string()).unwrap_or_default();
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    let living = names.filter_map(|name| used(name.to_str()?)).filter(|used| used.parent == pid.as_raw_pid());
    duration(itself.own + itself.children + living.map(|used| used.own).sum::<u64>())
}

/// The peak memory of this process, in KiB.
pub(crate) fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}

fn duration(ticks: u64) -> Duration {
    Duration::from_secs(ticks)
        .checked_div(u32::try_from(clock_ticks_per_second()).unwrap_or(100))
        .unwrap_or_default()
}

/// `man 5 proc`: after the name in parentheses come state, parent and the rest, all as numbers.
fn used(pid: &str) -> Option<Used> {
    if !pid.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let number = |n: usize| fields.get(n).and_then(|field| field.parse::<u64>().ok());
    Some(Used {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        children: number(13)? + number(14)?,
    })
}
