#!/bin/sh
# Makes the keys and certificates of the TLS tests again. They open nothing: they are known to everybody.
set -eu
cd "$(dirname "$0")"
days=36500

authority() { # name, common name
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $days -subj "/CN=$2" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign" \
        -keyout "$1-key.pem" -out "$1.pem" 2>/dev/null
}

signed() { # name, common name, authority, extensions
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
        -keyout "$1-key.pem" -out "$1.csr" 2>/dev/null
    printf '%s\n' "basicConstraints=critical,CA:FALSE" "$4" > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3-key.pem" -CAcreateserial -days $days \
        -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

authority authority "Authority of tests"
authority stranger "Another authority"
signed endpoint localhost authority "subjectAltName=DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth"
signed plaza "Plaza of tests" authority "extendedKeyUsage=clientAuth"
signed impostor "Plaza of tests" stranger "extendedKeyUsage=clientAuth"
rm -f ./*.srl authority-key.pem stranger-key.pem stranger.pem
