-- Requests for wrk: walks along the places of a file, so that no two requests under way meet.
-- Arguments: "mark" or "sheet", a date, the file, and a word that makes this round's notes its own.
-- Lines of the file: "token <token>" or "cell <lab id> <user id>".
local kind, date, word
local tokens, cells = {}, {}
local statuses = { "present", "absent", "late", "excused" }
local sent = 0

function init(arguments)
  kind, date, word = arguments[1], arguments[2], arguments[4]
  for line in io.lines(arguments[3]) do
    local what, first, second = line:match("^(%S+) (%S+) ?(%S*)$")
    if what == "token" then
      tokens[#tokens + 1] = { ["Authorization"] = "Bearer " .. first, ["Content-Type"] = "application/json" }
    else
      cells[#cells + 1] = { lab = first, user = second }
    end
  end
end

function request()
  local cell, headers = cells[sent % #cells + 1], tokens[sent % #tokens + 1]
  local round = math.floor(sent / #cells)
  sent = sent + 1
  if kind == "sheet" then
    return wrk.format("GET", "/labs/" .. cell.lab .. "/attendance?date=" .. date, headers)
  end
  local body = string.format(
    '{"user_id":"%s","date":"%s","status":"%s","note":"%s %d"}',
    cell.user, date, statuses[(sent + round) % 4 + 1], word, sent
  )
  return wrk.format("PUT", "/labs/" .. cell.lab .. "/attendance", headers, body)
end

function done(summary, latency)
  local failed = summary.errors
  print(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout
  ))
end
