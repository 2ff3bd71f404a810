//go:build !linux

package code

func useLargePages([]byte) {}
