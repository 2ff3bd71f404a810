package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	akinv1 "github.com/akinserver/akin/proto/akin/v1"
	"github.com/akinserver/akin/server/wire"
)

// putArticles takes articles as lines of JSON, and answers each by a line as soon as its outcome is known, in the order of the lines. What ends the call early is the last
// line, as {"error": …}; before the first outcome it is an error as that of any other call.
func (g *Gateway) putArticles(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	ctx, err := runtime.AnnotateContext(ctx, g.mux, r, akinv1.ArticleService_PutArticles_FullMethodName)
	if err != nil {
		writeError(w, r, err)
		return
	}
	stream, err := g.articles.PutArticles(ctx)
	if err != nil {
		writeError(w, r, err)
		return
	}
	control := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		_ = control.EnableFullDuplex()
		w.Header().Set("Connection", "close") // else it would wait for lines that nobody reads any more
	}
	put := &putting{gateway: g, w: w, r: r, stream: stream, queue: make(chan line, inFlight)}
	sent := make(chan error, 1)
	go func() { sent <- put.send(ctx) }()
	err = put.acknowledge()
	if err != nil {
		cancel()
		_ = control.SetReadDeadline(time.Now()) // nothing more is read
		<-sent
	} else {
		err = <-sent
	}
	put.end(err)
}

// inFlight is how many lines may have been read whose outcome is not known yet.
const inFlight = 256

// line that was read: sent to the gRPC server, or refused here.
type line struct{ refused *akinv1.PutArticlesResponse }

// putting is one call.
type putting struct {
	gateway *Gateway
	w       http.ResponseWriter
	r       *http.Request
	stream  grpc.BidiStreamingClient[akinv1.PutArticlesRequest, akinv1.PutArticlesResponse]
	queue   chan line
	written bool // a line was answered
}

// send sends what arrives. Why the gRPC server ends the call, acknowledge hears.
func (p *putting) send(ctx context.Context) error {
	defer close(p.queue)
	lines := bufio.NewReader(p.r.Body)
	for n := 1; ; n++ {
		text, err := p.next(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(text) > 0 {
			read, ended := p.sendLine(n, text)
			select {
			case p.queue <- read:
			case <-ctx.Done():
				return ctx.Err()
			}
			if ended {
				return nil
			}
		}
		if err != nil {
			// From here on it is the server's time that passes.
			_ = http.NewResponseController(p.w).SetReadDeadline(time.Time{})
			return p.stream.CloseSend()
		}
	}
}

// sendLine sends an article, or refuses what is none. When the gRPC server has ended the call, Recv says why.
func (p *putting) sendLine(n int, text []byte) (read line, ended bool) {
	article := &akinv1.Article{}
	if err := marshaler.Unmarshal(text, article); err != nil {
		return line{refused: notJSON(n, err)}, false
	}
	return line{}, p.stream.Send(&akinv1.PutArticlesRequest{Corpus: p.r.PathValue("corpus"), Article: article}) != nil
}

// next reads a line, without the blanks around it. The last one may end without a line feed; then the error is io.EOF. What arrived of a line that broke off is not one.
func (p *putting) next(lines *bufio.Reader) ([]byte, error) {
	timeout := p.gateway.opts.Timeout
	_ = http.NewResponseController(p.w).SetReadDeadline(time.Now().Add(timeout))
	var text []byte
	for {
		part, err := lines.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case int64(len(text)) > p.gateway.opts.Body:
			return nil, problem(http.StatusRequestEntityTooLarge, codes.ResourceExhausted, "TOO_LARGE", fmt.Sprintf("a line is longer than %d bytes", p.gateway.opts.Body))
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == nil, errors.Is(err, io.EOF):
			return bytes.TrimSpace(text), err
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, problem(http.StatusRequestTimeout, codes.DeadlineExceeded, "TIMEOUT", fmt.Sprintf("no line has arrived for %s", timeout))
		}
		return nil, problem(http.StatusBadRequest, codes.InvalidArgument, "INVALID_FIELD", "the lines break off")
	}
}

// notJSON refuses a line that is no article.
func notJSON(n int, err error) *akinv1.PutArticlesResponse {
	text := wire.Brief(strings.ReplaceAll(err.Error(), "\u00a0", " ")) // which protojson puts in from build to build
	return &akinv1.PutArticlesResponse{Outcome: akinv1.Outcome_OUTCOME_REFUSED, Refusal: &akinv1.Refusal{
		Reason: reasons[codes.InvalidArgument], Field: "article", Message: fmt.Sprintf("line %d: %s", n, text),
	}}
}

// acknowledge answers the lines.
func (p *putting) acknowledge() error {
	index := int64(0)
	for next := range p.queue {
		outcome := next.refused
		if outcome == nil {
			var err error
			if outcome, err = p.stream.Recv(); err != nil {
				return err
			}
		}
		outcome.Index = index
		index++
		if err := p.write(outcome); err != nil {
			return err
		}
	}
	return nil
}

func (p *putting) write(m any) error {
	control := http.NewResponseController(p.w)
	text, err := marshaler.Marshal(m)
	if err != nil {
		return err
	}
	if !p.written {
		p.w.Header().Set("Content-Type", "application/x-ndjson")
		p.w.Header().Set("Cache-Control", "no-store")
		p.written = true
	}
	_ = control.SetWriteDeadline(time.Now().Add(p.gateway.opts.Timeout))
	if _, err := p.w.Write(append(text, '\n')); err != nil {
		return err
	}
	return control.Flush()
}

// end tells why the call ended early.
func (p *putting) end(err error) {
	switch {
	case err == nil && !p.written:
		writeError(p.w, p.r, invalid("body", "holds no line"))
	case err == nil:
	case !p.written:
		writeError(p.w, p.r, err)
	default:
		_, st := statusOf(p.r, err)
		_ = p.write(map[string]any{"error": st.Proto()}) // who does not read it is gone
	}
}
