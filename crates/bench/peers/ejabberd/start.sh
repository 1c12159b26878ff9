#!/bin/sh
# Starts an ejabberd of its own in a folder, with USERS people (u1 … uN at localhost, password "secret"), and becomes it:
#
#   start.sh FOLDER PORT USERS [POSTGRES_PORT DATABASE]
#
# FOLDER/ready appears once all people are registered. With a PostgreSQL port and an empty database, messages are
# archived there. It is a plain Erlang node without distribution: no epmd, no cookie, no port but PORT, nothing under
# /etc or /var. End it with SIGTERM, and throw the folder away.
set -eu

folder=$1 port=$2 users=$3 postgres_port=${4:-} database=${5:-}
here=$(cd "$(dirname "$0")" && pwd)

# Debian keeps ejabberd and its Erlang libraries below /usr/lib/<architecture>.
libraries=$(dirname "$(find /usr/lib -maxdepth 2 -type d -name 'ejabberd-[0-9]*' | head -n 1)")
[ -d "$libraries" ] || { echo "no ejabberd found: apt-get install ejabberd" >&2; exit 1; }

mkdir -p "$folder/mnesia"
rm -f "$folder/ready"
cat "$here/ejabberd.yml" ${postgres_port:+"$here/archive.yml"} |
    sed -e "s/{{PORT}}/$port/" -e "s/{{LISTEN}}/127.0.0.1/" \
        -e "s/{{POSTGRES_PORT}}/$postgres_port/" -e "s/{{DATABASE}}/$database/" >"$folder/ejabberd.yml"
if [ -n "$postgres_port" ]; then
    psql -q -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$postgres_port" -U postgres -d "$database" \
        -f /usr/share/ejabberd/sql/pg.sql >/dev/null
fi

register="
    Register = fun(I) ->
        User = list_to_binary([\$u | integer_to_list(I)]),
        case ejabberd_auth:try_register(User, <<\"localhost\">>, <<\"secret\">>) of
            ok -> ok;
            {error, exists} -> ok
        end
    end,
    lists:foreach(Register, lists:seq(1, $users)),
    ok = file:write_file(\"$folder/ready\", <<\"ready\n\">>)."

export HOME="$folder" ERL_LIBS="$libraries" ERL_MAX_PORTS=65536 ERL_CRASH_DUMP_BYTES=0
export EJABBERD_CONFIG_PATH="$folder/ejabberd.yml" EJABBERD_LOG_PATH="$folder/ejabberd.log"
cd "$folder"
exec erl +K true +P 250000 +Q 65536 -noinput -mnesia dir "\"$folder/mnesia\"" -s ejabberd -eval "$register"
