# shellcheck shell=bash
# Certificates for servers of our own. To be sourced after process.sh; wants
# openssl.

# make_certificates DIRECTORY: an authority, ca.pem, a server it vouches for,
# server.pem with server.key, and an authority that vouches for nobody,
# other-ca.pem. The server is called localhost and has no other name, so that
# a client which asks for 127.0.0.1 must refuse it.
make_certificates() {
    local dir=$1 authority
    [ ! -s "$dir/server.pem" ] || return 0
    mkdir -p "$dir"
    for authority in ca other-ca; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -sha256 \
            -subj "/CN=cube_volpool test $authority" \
            -keyout "$dir/$authority.key" -out "$dir/$authority.pem"
    done >>"$LOGS/openssl.out" 2>&1
    openssl req -newkey rsa:2048 -nodes -sha256 -subj /CN=localhost \
        -keyout "$dir/server.key" -out "$dir/server.csr" \
        >>"$LOGS/openssl.out" 2>&1
    openssl x509 -req -in "$dir/server.csr" -days 3650 -sha256 \
        -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
        -extfile <(echo subjectAltName=DNS:localhost) \
        -out "$dir/server.pem" >>"$LOGS/openssl.out" 2>&1 ||
        failed_to "make certificates" openssl
    # The servers run as users of their own; a test's key is nobody's secret.
    chmod 755 "$dir"
    chmod 644 "$dir"/*.pem "$dir/server.key"
}
