-- Asks so many times a second, of a server that wrk is told: the paths of PATHS, one
-- after the other, with the head HEAD. Each connection waits a second between two
-- requests, more or less, so that there are as many of them as requests a second.

local paths = {}
for path in os.getenv("PATHS"):gmatch("%S+") do paths[#paths + 1] = path end
local name, value = os.getenv("HEAD"):match("^(%S+): (.+)$")
local turn = 0

function request()
	turn = turn + 1
	return wrk.format("GET", paths[turn % #paths + 1], {[name] = value})
end

function delay() return math.random(500, 1500) end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format("requests %d seconds %.1f errors %d p50 %.1f p95 %.1f p99 %.1f most %.1f ms\n",
		summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.timeout + e.status,
		latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
