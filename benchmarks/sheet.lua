-- Requests for wrk: whole lists of clients marked in one lesson after the other, each place anew in turn.
-- Arguments: the file, how many clients a request marks, and how many requests there were before.
-- Lines of the file: "token <token>", "lesson <id> <group>" or "client <id> <group>", groups from 1 on.
local length, sent
local tokens, lessons, clients = {}, {}, {}
local statuses = { "present", "absent", "late", "excused" }

function init(arguments)
  length, sent = tonumber(arguments[2]), tonumber(arguments[3])
  for line in io.lines(arguments[1]) do
    local what, first, second = line:match("^(%S+) (%S+) ?(%S*)$")
    local group = tonumber(second)
    if what == "token" then
      tokens[#tokens + 1] = { ["Authorization"] = "Bearer " .. first, ["Content-Type"] = "application/json" }
    elseif what == "lesson" then
      lessons[#lessons + 1] = { path = "/api/v1/lessons/" .. first .. "/attendance", group = group }
    else
      clients[group] = clients[group] or {}
      table.insert(clients[group], '{"client_id":"' .. first .. '","status":"')
    end
  end
end

function request()
  local lesson, headers = lessons[sent % #lessons + 1], tokens[sent % #tokens + 1]
  local walk, whose = math.floor(sent / #lessons), clients[lesson.group]
  local lists = math.floor(#whose / length)
  local first, shift = walk % lists * length, math.floor(walk / lists)
  local entries = {}
  for n = 1, length do
    entries[n] = whose[first + n] .. statuses[(first + n + shift) % 4 + 1] .. '"}'
  end
  sent = sent + 1
  return wrk.format("PUT", lesson.path, headers, '{"attendances":[' .. table.concat(entries, ",") .. "]}")
end

function done(summary, latency)
  local failed = summary.errors
  print(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout
  ))
end
