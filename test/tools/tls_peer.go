// One side of a TLS connection, with Go's crypto/tls. The arguments and the output are those of tls_peer.py; ORDER may also be
// `ends`: both directions at once, each with its own close_notify.
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(conn *tls.Conn, size int64) {
	digest := sha256.New()
	_, err := io.CopyN(io.MultiWriter(conn, digest), rand.Reader, size)
	check(err)
	check(conn.CloseWrite())
	fmt.Printf("sent %d %x\n", size, digest.Sum(nil))
}

// crypto/tls returns io.EOF for close_notify only; without one it is io.ErrUnexpectedEOF.
func receive(conn *tls.Conn) {
	digest := sha256.New()
	count, err := io.Copy(digest, conn)
	check(err)
	fmt.Printf("received %d %x\n", count, digest.Sum(nil))
}

func main() {
	side, version, order := os.Args[1], os.Args[4], os.Args[5]
	size, err := strconv.ParseInt(os.Args[6], 10, 64)
	check(err)
	number := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[version]
	config := &tls.Config{MinVersion: number, MaxVersion: number, ServerName: "localhost"}
	var conn *tls.Conn
	if side == "client" {
		pem, err := os.ReadFile(os.Args[3])
		check(err)
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
		conn, err = tls.Dial("tcp", "127.0.0.1:"+os.Args[2], config)
		check(err)
	} else {
		pair, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
		check(err)
		config.Certificates = []tls.Certificate{pair}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(err)
		fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
		accepted, err := listener.Accept()
		check(err)
		conn = tls.Server(accepted, config)
	}
	switch order {
	case "first":
		check(conn.Handshake())
		send(conn, size)
		receive(conn)
	case "last":
		receive(conn)
		send(conn, size)
	default:
		check(conn.Handshake())
		var both sync.WaitGroup
		both.Add(2)
		go func() { defer both.Done(); send(conn, size) }()
		go func() { defer both.Done(); receive(conn) }()
		both.Wait()
	}
	check(conn.Close())
}
