# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # set by setup.sh, read by the scripts that source this file
# Real receivers of what wick sends: the OpenTelemetry Collector, VictoriaMetrics, and Python's
# package of OTLP. Sourced after setup.sh and suites.sh, not run.

receiver_packages=(debian-archive-keyring curl python3:python3)
# What is fetched and built stays here; remove it for newer versions.
receiver_cache=${WICK_RECEIVER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wick/receivers}
collector=$receiver_cache/collector
victoria_metrics=$receiver_cache/victoria-metrics
receiver_python=$receiver_cache/python/bin/python
# Processes that run for the script, to be ended with it.
receiver_pids=()
# Words before each command, such as those that lead into another network.
receiver_network=()

# Sees to it that all receivers are in the cache: some two minutes and 3 GB on the way the first time.
require_receivers() {
  require_packages "${receiver_packages[@]}"
  mkdir -p "$receiver_cache"
  require_receiver_python
  exec {receiver_lock}>"$receiver_cache/lock"
  flock "$receiver_lock"
  if [ ! -x "$collector" ] || [ ! -x "$victoria_metrics" ] \
    || [ "$root/Tests/Receivers/collector/main.go" -nt "$collector" ]; then
    build_receivers
  fi
  exec {receiver_lock}>&-
}

# Sees to it that Python's package of OTLP alone is there.
require_receiver_python() {
  mkdir -p "$receiver_cache"
  exec {receiver_lock}>"$receiver_cache/lock"
  flock "$receiver_lock"
  [ -e "$receiver_cache/python/.complete" ] || fetch_python
  exec {receiver_lock}>&-
}

fetch_python() {
  local folder=$receiver_cache/python
  rm -rf "$folder"
  say "installing opentelemetry-proto"
  python3 -m venv "$folder" >/dev/null 2>&1 || {
    require_packages python3-venv
    rm -rf "$folder"
    quietly /usr/bin/python3 -m venv "$folder"
  }
  retry quietly "$folder/bin/pip" install --quiet opentelemetry-proto==1.45.2 || {
    rm -rf "$folder"
    die "cannot install opentelemetry-proto from PyPI"
  }
  touch "$folder/.complete"
}

# Debian 12 has neither the Collector nor a version of VictoriaMetrics that takes OTLP, but Debian's
# newest suite does, and a Go that compiles them: its packages are unpacked into a folder.
build_receivers() {
  local work=$receiver_cache/.building
  rm -rf "$work"
  mkdir -p "$work/root" "$work/apt" "$work/gopath"
  : >"$work/apt/status"
  say "fetching the OpenTelemetry Collector's sources and VictoriaMetrics from sid"
  (
    write_apt_configuration "$work/apt" "$work/apt/status"
    source_line sid >"$work/apt/sources.list"
    export APT_CONFIG=$work/apt/apt.conf
    retry quietly apt-get update -q --error-on=any
    retry quietly apt-get install -q -y --download-only --no-install-recommends \
      golang-opentelemetry-collector-dev golang-go victoria-metrics
  ) || die "cannot get them: is there no sid on this network?"
  local package
  for package in "$work"/apt/cache/archives/{golang-,victoria-metrics_}*.deb; do
    dpkg-deb -x "$package" "$work/root"
  done
  say "building the Collector"
  local go
  go=$(echo "$work"/root/usr/lib/go-*)
  # One package at a time: together they take more memory than small machines have.
  (
    cd "$root/Tests/Receivers/collector"
    GOROOT=$go GOPATH=$work/gopath:$work/root/usr/share/gocode GOCACHE=${GOCACHE:-$work/cache} \
      GO111MODULE=off GOTOOLCHAIN=local GOFLAGS=-p=1 CGO_ENABLED=0 \
      quietly "$go/bin/go" build -trimpath -ldflags='-s -w' -o "$work/collector" .
  ) || die "cannot build the Collector"
  mv "$work/root/usr/bin/victoria-metrics" "$victoria_metrics"
  mv "$work/collector" "$collector"
  chmod -R u+w "$work"
  rm -rf "$work"
}

# Starts a program with its output in a file, to be ended by end_receivers.
start_receiver() {
  local log=$1
  shift
  "${receiver_network[@]}" "$@" >"$log" 2>&1 </dev/null &
  receiver_pids+=($!)
}

end_receivers() {
  [ ${#receiver_pids[@]} -eq 0 ] || kill "${receiver_pids[@]}" 2>/dev/null || true
  wait "${receiver_pids[@]}" 2>/dev/null || true
  receiver_pids=()
}

# Waits until something answers at an address, whatever it answers.
await_answer() {
  local attempt
  for attempt in $(seq 600); do
    if "${receiver_network[@]}" curl -s -o /dev/null --max-time 2 "$1"; then return; fi
    sleep 0.1
  done
  die "nothing answers at $1"
}

# Starts a Collector that takes OTLP over HTTP at a port, prints all of it into a log, and sends it
# on to the sink at another port.
start_collector() {
  local port=$1 sink=$2 folder=$3
  cat >"$folder/collector.yaml" <<END
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:$port"}}}
exporters:
  debug: {verbosity: detailed}
  otlp_http: {endpoint: "http://127.0.0.1:$sink", compression: none}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    profiles: {receivers: [otlp], exporters: [debug, otlp_http]}
    metrics: {receivers: [otlp], exporters: [debug, otlp_http]}
END
  start_receiver "$folder/collector.log" "$collector" --config "$folder/collector.yaml" \
    --feature-gates=service.profilesSupport
  await_answer "http://127.0.0.1:$port/"
}

# Starts VictoriaMetrics at a port; it takes OTLP at /opentelemetry/v1/metrics.
start_victoria_metrics() {
  local port=$1 folder=$2
  start_receiver "$folder/victoria.log" "$victoria_metrics" -storageDataPath "$folder/victoria" \
    -httpListenAddr "127.0.0.1:$port" -memory.allowedBytes 64MB
  await_answer "http://127.0.0.1:$port/health"
}

# Starts a server that keeps each body that is posted to it as a file of a folder.
start_sink() {
  local port=$1 folder=$2
  mkdir -p "$folder"
  start_receiver "$folder/../sink.log" "$receiver_python" "$root/Scripts/lib/receivers.py" sink \
    "$port" "$folder"
  await_answer "http://127.0.0.1:$port/"
}
