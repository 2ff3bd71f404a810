package limit

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rates bounds the calls a second of each of many callers. It remembers a bounded number of them: those who have called last.
type Rates struct {
	what string // whose calls are too many, for the error
	mu   sync.Mutex
	// Who has not called while most others did is forgotten, and has not called for so long that this changes nothing, unless there are very many.
	young, old map[string]*rate.Limiter
}

// remembered is how many callers are in one of the two maps: some 10 MB in all at most.
const remembered = 1 << 15

// NewRates makes rates; what names the callers in errors: "this address".
func NewRates(what string) *Rates {
	return &Rates{what: what, young: map[string]*rate.Limiter{}}
}

// Take takes one call of perSecond that who may make, and as many at once as in two seconds. It returns a *Refused when there is none left.
func (r *Rates) Take(who string, perSecond float64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.limiter(who, perSecond)
	now := time.Now()
	if l.Limit() != rate.Limit(perSecond) { // it was changed, for the same key
		l.SetLimitAt(now, rate.Limit(perSecond))
		l.SetBurstAt(now, burst(perSecond))
	}
	if l.AllowN(now, 1) {
		return nil
	}
	missing := 1 - l.TokensAt(now)
	return &Refused{Problem: "too many calls by " + r.what, Retry: time.Duration(missing / perSecond * float64(time.Second))}
}

func burst(perSecond float64) int { return max(1, int(2*perSecond)) }

func (r *Rates) limiter(who string, perSecond float64) *rate.Limiter {
	if l, ok := r.young[who]; ok {
		return l
	}
	l, ok := r.old[who]
	if !ok {
		l = rate.NewLimiter(rate.Limit(perSecond), burst(perSecond))
	}
	if len(r.young) == remembered {
		r.young, r.old = map[string]*rate.Limiter{}, r.young
	}
	r.young[who] = l
	return l
}

// Network is the part of an address that one caller has: all of IPv4, of IPv6 the 64 bits that a household is given.
func Network(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
