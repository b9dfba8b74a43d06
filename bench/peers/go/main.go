// Package net with a goroutine for each connection; it sets TCP_NODELAY itself. Usage: go-echo echo|pipeline
package main

import (
	"fmt"
	"net"
	"os"
)

const messageBytes = 64

func main() {
	pipeline := len(os.Args) > 1 && os.Args[1] == "pipeline"
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go session(conn, pipeline)
	}
}

func session(conn net.Conn, pipeline bool) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for {
		count, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if err := answer(conn, buffer[:count], pipeline); err != nil {
			return
		}
	}
}

func answer(conn net.Conn, data []byte, pipeline bool) error {
	for pipeline && len(data) > messageBytes {
		if _, err := conn.Write(data[:messageBytes]); err != nil {
			return err
		}
		data = data[messageBytes:]
	}
	_, err := conn.Write(data)
	return err
}
