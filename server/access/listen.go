package access

import (
	"fmt"
	"net"
)

// MayListen reports that other machines can reach an address, HOST:PORT, while nobody needs a key.
func MayListen(address string, needed bool) error {
	if needed {
		return nil
	}
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return err
	}
	if at.IP.IsLoopback() {
		return nil
	}
	return fmt.Errorf("whoever reaches %s could read, write and delete, since nobody needs a key: make one with akin keys create, or listen on 127.0.0.1, or say --without-keys", address)
}
