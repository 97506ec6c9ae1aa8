#!/bin/sh
# Starts the advisor as an app: broker and Home Assistant are what the supervisor says, settings are kept in /config.
set -eu

supervisor=http://supervisor
told() { curl -fsS -H "Authorization: Bearer ${SUPERVISOR_TOKEN}" "${supervisor}/$1" | jq -r "$2"; }
option() { jq -r --arg key "$1" '.[$key]' /data/options.json; }

host=$(told services/mqtt .data.host)
port=$(told services/mqtt .data.port)
username=$(told services/mqtt .data.username)
ADVISOR_MQTT__PASSWORD=$(told services/mqtt .data.password)
ADVISOR_HOMEASSISTANT__TOKEN=${SUPERVISOR_TOKEN}
export ADVISOR_MQTT__PASSWORD ADVISOR_HOMEASSISTANT__TOKEN

# The broker's address may change with an update of its app; the rest of the settings is the household's.
export ADVISOR_MQTT__HOST="${host}" ADVISOR_MQTT__PORT="${port}" ADVISOR_MQTT__USERNAME="${username}"
export ADVISOR_MEMORY_DIR=/data/memory
export ADVISOR_API__HOST=0.0.0.0 ADVISOR_API__PORT=8765 ADVISOR_API__INGRESS_FROM=172.30.32.2
ADVISOR_SERVICE__ACTING=$(option acting)
ADVISOR_SERVICE__LANGUAGE=$(option language)
export ADVISOR_SERVICE__ACTING ADVISOR_SERVICE__LANGUAGE

if [ ! -f /config/advisor.toml ]; then
    # Without an energy dashboard there is nothing to set up from: it says so, and is tried again at the next start.
    advisor setup --yes --folder /config --url "${supervisor}/core" --broker "${host}:${port}" --username "${username}"
    advisor ingest homeassistant --config /config/advisor.toml
fi
exec advisor run --config /config/advisor.toml
