package access

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// The names under which a call brings who makes it. They are those that an HTTP gateway gives to the headers Authorization, Origin and X-Forwarded-For.
const (
	MetadataKey       = "authorization"      // "Bearer KEY"
	MetadataOrigin    = "grpcgateway-origin" // of the page, as its browser says
	MetadataForwarded = "x-forwarded-for"    // addresses, the caller's first; each proxy adds whom it heard
)

// How a key was brought.
const (
	schemeHeader = "Bearer"
	schemeURL    = "URL" // set by KeyInURL
)

// KeyOf is the key that a call brings, and whether it stood in a URL.
func KeyOf(md metadata.MD) (key string, inURL bool) {
	for _, value := range md.Get(MetadataKey) {
		scheme, key, ok := strings.Cut(value, " ")
		inURL := strings.EqualFold(scheme, schemeURL)
		if ok && (inURL || strings.EqualFold(scheme, schemeHeader)) {
			return strings.TrimSpace(key), inURL
		}
	}
	return "", false
}

// OriginOf is the origin of the page that makes a call; empty when no page does.
func OriginOf(md metadata.MD) string {
	if values := md.Get(MetadataOrigin); len(values) > 0 {
		return values[0]
	}
	return ""
}

// AddressOf is the network address that a call comes from. What a proxy says of that is believed of those in trusted, and of this process. It is invalid for a call from
// within the process.
func AddressOf(ctx context.Context, md metadata.MD, trusted []netip.Prefix) netip.Addr {
	var heard netip.Addr
	if p, ok := peer.FromContext(ctx); ok {
		if tcp, ok := p.Addr.(*net.TCPAddr); ok {
			heard = tcp.AddrPort().Addr().Unmap()
		}
	}
	hops := strings.Split(strings.Join(md.Get(MetadataForwarded), ","), ",")
	for i := len(hops) - 1; i >= 0 && (!heard.IsValid() || contains(trusted, heard)); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // who adds something else is not to be believed further
		}
		heard = hop.Unmap()
	}
	return heard
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
