// Package net with a goroutine for each connection; it sets TCP_NODELAY itself.
// Usage: go-echo echo|pipeline
//
//	go-echo bulk BYTES   so much of one buffer for each request
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
)

const messageBytes = 64

func main() {
	pipeline := len(os.Args) > 1 && os.Args[1] == "pipeline"
	var page []byte
	if len(os.Args) > 2 {
		bytes, _ := strconv.Atoi(os.Args[2])
		page = make([]byte, bytes)
		for place := range page {
			page[place] = byte(place % 251)
		}
	}
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
		go session(conn, pipeline, page)
	}
}

func session(conn net.Conn, pipeline bool, page []byte) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for {
		count, err := conn.Read(buffer)
		if err != nil {
			return
		}
		data := buffer[:count]
		if page != nil {
			data = page
		}
		if err := answer(conn, data, pipeline); err != nil {
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
