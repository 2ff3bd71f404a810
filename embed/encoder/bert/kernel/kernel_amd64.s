//go:build amd64 && !purego

#include "textflag.h"

// Six functions with one body: up to six rows of the left side, a panel of 16 columns of the right. Each row has two registers of sums, Y0 and Y1
// for the first to Y10 and Y11 for the sixth; a step takes 16 values of the panel (Y12, Y13) and one of each row, into all its sums. SI is the first
// row, DI the fourth, R8 from one row to the next in bytes; R9 is the panel; DX, BX and R11 are to the results what SI, DI and R8 are to the rows.

#define PANEL(AT) \
	VMOVUPS (64*AT)(R9), Y12   \
	VMOVUPS (64*AT+32)(R9), Y13
#define FIRST(AT) \
	VBROADCASTSS (4*AT)(SI), Y14 \
	VFMADD231PS  Y12, Y14, Y0    \
	VFMADD231PS  Y13, Y14, Y1
#define SECOND(AT) \
	VBROADCASTSS (4*AT)(SI)(R8*1), Y15 \
	VFMADD231PS  Y12, Y15, Y2    \
	VFMADD231PS  Y13, Y15, Y3
#define THIRD(AT) \
	VBROADCASTSS (4*AT)(SI)(R8*2), Y14 \
	VFMADD231PS  Y12, Y14, Y4    \
	VFMADD231PS  Y13, Y14, Y5
#define FOURTH(AT) \
	VBROADCASTSS (4*AT)(DI), Y15 \
	VFMADD231PS  Y12, Y15, Y6    \
	VFMADD231PS  Y13, Y15, Y7
#define FIFTH(AT) \
	VBROADCASTSS (4*AT)(DI)(R8*1), Y14 \
	VFMADD231PS  Y12, Y14, Y8    \
	VFMADD231PS  Y13, Y14, Y9
#define SIXTH(AT) \
	VBROADCASTSS (4*AT)(DI)(R8*2), Y15 \
	VFMADD231PS  Y12, Y15, Y10   \
	VFMADD231PS  Y13, Y15, Y11

#define STEP1(AT) PANEL(AT) FIRST(AT)
#define STEP2(AT) PANEL(AT) FIRST(AT) SECOND(AT)
#define STEP3(AT) PANEL(AT) FIRST(AT) SECOND(AT) THIRD(AT)
#define STEP4(AT) PANEL(AT) FIRST(AT) SECOND(AT) THIRD(AT) FOURTH(AT)
#define STEP5(AT) PANEL(AT) FIRST(AT) SECOND(AT) THIRD(AT) FOURTH(AT) FIFTH(AT)
#define STEP6(AT) PANEL(AT) FIRST(AT) SECOND(AT) THIRD(AT) FOURTH(AT) FIFTH(AT) SIXTH(AT)

// EACH1 to EACH6 do something with the sums and the place of every row.
#define EACH1(DO) DO(Y0, Y1, (DX), 32(DX))
#define EACH2(DO) EACH1(DO) DO(Y2, Y3, (DX)(R11*1), 32(DX)(R11*1))
#define EACH3(DO) EACH2(DO) DO(Y4, Y5, (DX)(R11*2), 32(DX)(R11*2))
#define EACH4(DO) EACH3(DO) DO(Y6, Y7, (BX), 32(BX))
#define EACH5(DO) EACH4(DO) DO(Y8, Y9, (BX)(R11*1), 32(BX)(R11*1))
#define EACH6(DO) EACH5(DO) DO(Y10, Y11, (BX)(R11*2), 32(BX)(R11*2))

#define BEGIN(A, B, INTOA, INTOB) \
	VMOVAPS Y12, A \
	VMOVAPS Y13, B
#define ADD(A, B, INTOA, INTOB) \
	VADDPS INTOA, A, A \
	VADDPS INTOB, B, B
#define STORE(A, B, INTOA, INTOB) \
	VMOVUPS A, INTOA \
	VMOVUPS B, INTOB

#define MULTIPLY(STEP, EACH) \
	MOVQ out+0(FP), DX        \
	MOVQ outStride+8(FP), R11 \
	MOVQ in+16(FP), SI        \
	MOVQ inStride+24(FP), R8  \
	MOVQ panel+32(FP), R9     \
	MOVQ k+40(FP), CX         \
	MOVQ bias+48(FP), R12     \
	MOVBLZX add+56(FP), R13   \
	SHLQ $2, R8               \
	SHLQ $2, R11              \
	LEAQ (SI)(R8*2), DI       \
	ADDQ R8, DI               \
	LEAQ (DX)(R11*2), BX      \
	ADDQ R11, BX              \
	VXORPS Y12, Y12, Y12      \
	VXORPS Y13, Y13, Y13      \
	TESTQ R12, R12            \
	JEQ  begin                \
	VMOVUPS (R12), Y12        \
	VMOVUPS 32(R12), Y13      \
begin:                        \
	EACH(BEGIN)               \
	SUBQ $4, CX               \
	JLT  few                  \
many:                         \
	STEP(0)                   \
	STEP(1)                   \
	STEP(2)                   \
	STEP(3)                   \
	ADDQ $16, SI              \
	ADDQ $16, DI              \
	ADDQ $256, R9             \
	SUBQ $4, CX               \
	JGE  many                 \
few:                          \
	ADDQ $4, CX               \
	JEQ  done                 \
one:                          \
	STEP(0)                   \
	ADDQ $4, SI               \
	ADDQ $4, DI               \
	ADDQ $64, R9              \
	DECQ CX                   \
	JNE  one                  \
done:                         \
	TESTL R13, R13            \
	JEQ  store                \
	EACH(ADD)                 \
store:                        \
	EACH(STORE)               \
	VZEROUPPER                \
	RET

// func multiply1AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)
TEXT ·multiply1AVX2(SB), NOSPLIT, $0-57
	MULTIPLY(STEP1, EACH1)

// func multiply2AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)
TEXT ·multiply2AVX2(SB), NOSPLIT, $0-57
	MULTIPLY(STEP2, EACH2)

// func multiply3AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)
TEXT ·multiply3AVX2(SB), NOSPLIT, $0-57
	MULTIPLY(STEP3, EACH3)

// func multiply4AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)
TEXT ·multiply4AVX2(SB), NOSPLIT, $0-57
	MULTIPLY(STEP4, EACH4)

// func multiply5AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)
TEXT ·multiply5AVX2(SB), NOSPLIT, $0-57
	MULTIPLY(STEP5, EACH5)

// func multiply6AVX2(out *float32, outStride int, in *float32, inStride int, panel *float32, k int, bias *float32, add bool)
TEXT ·multiply6AVX2(SB), NOSPLIT, $0-57
	MULTIPLY(STEP6, EACH6)

// SUM adds up the lanes of Y (its lower half X) into all lanes of Y, by way of X7.
#define SUM(Y, X) \
	VEXTRACTF128 $1, Y, X7 \
	VADDPS  X7, X, X       \
	VHADDPS X, X, X        \
	VHADDPS X, X, X        \
	VBROADCASTSS X, Y

// func softmaxAVX2(scores *float32, n int, constants *eights)
//
// Three passes: the highest score; exp of each score less the highest, and their sum; each divided by it.
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-24
	MOVQ    scores+0(FP), SI
	MOVQ    n+8(FP), CX
	MOVQ    constants+16(FP), BX
	SHLQ    $2, CX
	XORQ    AX, AX
	VMOVUPS (SI), Y8

highest:
	VMAXPS (SI)(AX*1), Y8, Y8
	ADDQ   $32, AX
	CMPQ   AX, CX
	JLT    highest
	VEXTRACTF128 $1, Y8, X0
	VMAXPS       X0, X8, X8
	VPERMILPS    $0x4e, X8, X0
	VMAXPS       X0, X8, X8
	VPERMILPS    $0xb1, X8, X0
	VMAXPS       X0, X8, X8
	VBROADCASTSS X8, Y8
	VXORPS       Y9, Y9, Y9
	VMOVUPS      (BX), Y10
	VMOVUPS      32(BX), Y11
	VMOVUPS      64(BX), Y12
	VMOVUPS      96(BX), Y13
	VMOVUPS      288(BX), Y14
	XORQ         AX, AX

exp:
	VMOVUPS      (SI)(AX*1), Y0
	VSUBPS       Y8, Y0, Y0
	VMAXPS       Y0, Y13, Y0
	VMULPS       Y10, Y0, Y1
	VROUNDPS     $8, Y1, Y1
	VFNMADD231PS Y11, Y1, Y0
	VFNMADD231PS Y12, Y1, Y0
	VMOVUPS      128(BX), Y2
	VFMADD213PS  160(BX), Y0, Y2
	VFMADD213PS  192(BX), Y0, Y2
	VFMADD213PS  224(BX), Y0, Y2
	VFMADD213PS  256(BX), Y0, Y2
	VFMADD213PS  Y14, Y0, Y2
	VFMADD213PS  Y14, Y0, Y2
	VCVTPS2DQ    Y1, Y1
	VPSLLD       $23, Y1, Y1
	VPADDD       Y1, Y2, Y2
	VADDPS       Y2, Y9, Y9
	VMOVUPS      Y2, (SI)(AX*1)
	ADDQ         $32, AX
	CMPQ         AX, CX
	JLT          exp
	SUM(Y9, X9)
	VDIVPS       Y9, Y14, Y9
	XORQ         AX, AX

share:
	VMULPS  (SI)(AX*1), Y9, Y0
	VMOVUPS Y0, (SI)(AX*1)
	ADDQ    $32, AX
	CMPQ    AX, CX
	JLT     share
	VZEROUPPER
	RET

// func geluAVX2(values *float32, n int, constants *eights)
TEXT ·geluAVX2(SB), NOSPLIT, $0-24
	MOVQ    values+0(FP), SI
	MOVQ    n+8(FP), CX
	MOVQ    constants+16(FP), BX
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	VMOVUPS 96(BX), Y10
	VMOVUPS 128(BX), Y11
	VMOVUPS 288(BX), Y12
	VMOVUPS 320(BX), Y13
	VMOVUPS 448(BX), Y14

eight:
	VMOVUPS     (SI), Y0
	VMULPS      Y14, Y0, Y4
	VMAXPS      Y0, Y9, Y0
	VMINPS      Y0, Y8, Y0
	VMULPS      Y0, Y0, Y1
	VMOVUPS     64(BX), Y2
	VMOVUPS     256(BX), Y3
	VFMADD213PS Y10, Y1, Y2
	VFMADD213PS Y12, Y1, Y3
	VFMADD213PS Y11, Y1, Y2
	VFMADD213PS Y13, Y1, Y3
	VFMADD213PS 160(BX), Y1, Y2
	VFMADD213PS 352(BX), Y1, Y3
	VFMADD213PS 192(BX), Y1, Y2
	VFMADD213PS 384(BX), Y1, Y3
	VFMADD213PS 224(BX), Y1, Y2
	VFMADD213PS 416(BX), Y1, Y3
	VMULPS      Y0, Y2, Y2
	VDIVPS      Y3, Y2, Y2
	VFMADD213PS Y4, Y4, Y2
	VMOVUPS     Y2, (SI)
	ADDQ        $32, SI
	SUBQ        $8, CX
	JNE         eight
	VZEROUPPER
	RET

// func normaliseAVX2(row, scale, shift *float32, n int, epsilon, share float32)
TEXT ·normaliseAVX2(SB), NOSPLIT, $0-40
	MOVQ         row+0(FP), SI
	MOVQ         scale+8(FP), R8
	MOVQ         shift+16(FP), R9
	MOVQ         n+24(FP), CX
	VBROADCASTSS epsilon+32(FP), Y5
	VBROADCASTSS share+36(FP), Y6
	SHLQ         $2, CX
	XORQ         AX, AX
	VXORPS       Y0, Y0, Y0

mean:
	VADDPS (SI)(AX*1), Y0, Y0
	ADDQ   $32, AX
	CMPQ   AX, CX
	JLT    mean
	SUM(Y0, X0)
	VMULPS Y6, Y0, Y0
	VXORPS Y1, Y1, Y1
	XORQ   AX, AX

variance:
	VMOVUPS     (SI)(AX*1), Y2
	VSUBPS      Y0, Y2, Y2
	VFMADD231PS Y2, Y2, Y1
	ADDQ        $32, AX
	CMPQ        AX, CX
	JLT         variance
	SUM(Y1, X1)
	VFMADD213PS Y5, Y6, Y1
	VSQRTPS     Y1, Y1
	VPCMPEQD    Y2, Y2, Y2
	VPSLLD      $25, Y2, Y2
	VPSRLD      $2, Y2, Y2     // 1 in every lane
	VDIVPS      Y1, Y2, Y1
	XORQ        AX, AX

scale:
	VMOVUPS     (SI)(AX*1), Y2
	VSUBPS      Y0, Y2, Y2
	VMULPS      Y1, Y2, Y2
	VMOVUPS     (R8)(AX*1), Y3
	VFMADD213PS (R9)(AX*1), Y3, Y2
	VMOVUPS     Y2, (SI)(AX*1)
	ADDQ        $32, AX
	CMPQ        AX, CX
	JLT         scale
	VZEROUPPER
	RET
